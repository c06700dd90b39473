// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.

static void KERNEL(fill_rows)(const void *row_, void *out_, size_t rows, size_t columns) {
    REAL *out = out_;
    if (!row_) {
        memset(out, 0, rows * columns * sizeof(REAL));
        return;
    }
    for (size_t r = 0; r < rows; r++) memcpy(out + r * columns, row_, columns * sizeof(REAL));
}

static void KERNEL(transpose_matrix)(const void *a_, void *out_, size_t rows, size_t columns) {
    const REAL *a = a_;
    REAL *out = out_;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) out[c * rows + r] = a[r * columns + c];
}

static void KERNEL(copy_blocks)(const void *a_, size_t a_stride, void *out_, size_t out_stride,
                                size_t rows, size_t width) {
    const REAL *a = a_;
    REAL *out = out_;
    for (size_t r = 0; r < rows; r++)
        memcpy(out + r * out_stride, a + r * a_stride, width * sizeof(REAL));
}

static void KERNEL(relu)(const void *a_, void *out_, size_t n) {
    const REAL *a = a_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = a[i] < 0 ? 0 : a[i];
}

static void KERNEL(relu_gradient)(const void *g_, const void *y_, void *dx_, size_t n) {
    const REAL *g = g_, *y = y_;
    REAL *dx = dx_;
    for (size_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? g[i] : 0;
}

static void KERNEL(sigmoid)(const void *a_, void *out_, size_t n) {
    const REAL *a = a_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = (REAL)(1 / (1 + exp(-(double)a[i])));
}

static void KERNEL(sigmoid_gradient)(const void *g_, const void *y_, void *dx_, size_t n) {
    const REAL *g = g_, *y = y_;
    REAL *dx = dx_;
    for (size_t i = 0; i < n; i++) dx[i] = g[i] * y[i] * (1 - y[i]);
}

static void KERNEL(max_pool)(const void *x_, void *out_, size_t length, size_t channels,
                             size_t out_length, size_t kernel, size_t stride, size_t padding) {
    const REAL *x = x_;
    for (size_t t = 0; t < out_length; t++) {
        REAL *out = (REAL *)out_ + t * channels;
        const size_t from = t * stride > padding ? t * stride - padding : 0;
        size_t to = t * stride + kernel - padding;
        if (to > length) to = length;
        memcpy(out, x + from * channels, channels * sizeof(REAL));
        for (size_t s = from + 1; s < to; s++)
            for (size_t c = 0; c < channels; c++) {
                const REAL v = x[s * channels + c];
                out[c] = v > out[c] ? v : out[c];
            }
    }
}

static void KERNEL(max_pool_gradient)(const void *x_, const void *g_, void *dx_, size_t length,
                                      size_t channels, size_t out_length, size_t kernel,
                                      size_t stride, size_t padding) {
    const REAL *x = x_, *g = g_;
    REAL *dx = dx_;
    memset(dx, 0, length * channels * sizeof(REAL));
    for (size_t t = 0; t < out_length; t++) {
        const size_t from = t * stride > padding ? t * stride - padding : 0;
        size_t to = t * stride + kernel - padding;
        if (to > length) to = length;
        for (size_t c = 0; c < channels; c++) {
            size_t best = from;
            for (size_t s = from + 1; s < to; s++)
                if (x[s * channels + c] > x[best * channels + c]) best = s;
            dx[best * channels + c] += g[t * channels + c];
        }
    }
}

static void KERNEL(gather_rows)(const void *x_, const int32_t *index, void *out_, size_t n,
                                size_t columns) {
    const REAL *x = x_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) {
        if (index[i] < 0)
            memset(out + i * columns, 0, columns * sizeof(REAL));
        else
            memcpy(out + i * columns, x + (size_t)index[i] * columns, columns * sizeof(REAL));
    }
}

static void KERNEL(scatter_add_rows)(const void *g_, const int32_t *index, void *out_, size_t n,
                                     size_t columns, size_t first, size_t width) {
    for (size_t i = 0; i < n; i++) {
        if (index[i] < 0) continue;
        const REAL *g = (const REAL *)g_ + i * columns + first;
        REAL *out = (REAL *)out_ + (size_t)index[i] * columns + first;
        for (size_t c = 0; c < width; c++) out[c] += g[c];
    }
}

static void KERNEL(gather_weighted)(const void *x_, const int32_t *index, const float *weights,
                                    void *out_, size_t n, size_t k, size_t columns) {
    for (size_t i = 0; i < n; i++) {
        REAL *out = (REAL *)out_ + i * columns;
        memset(out, 0, columns * sizeof(REAL));
        for (size_t j = i * k; j < (i + 1) * k; j++) {
            const REAL *x = (const REAL *)x_ + (size_t)index[j] * columns, w = (REAL)weights[j];
            for (size_t c = 0; c < columns; c++) out[c] += w * x[c];
        }
    }
}

static void KERNEL(scatter_weighted)(const void *g_, const int32_t *index, const float *weights,
                                     void *dx_, size_t n, size_t k, size_t columns, size_t first,
                                     size_t width) {
    for (size_t i = 0; i < n; i++) {
        const REAL *g = (const REAL *)g_ + i * columns + first;
        for (size_t j = i * k; j < (i + 1) * k; j++) {
            REAL *dx = (REAL *)dx_ + (size_t)index[j] * columns + first;
            const REAL w = (REAL)weights[j];
            for (size_t c = 0; c < width; c++) dx[c] += w * g[c];
        }
    }
}

static void KERNEL(gather_max)(const void *y_, const int32_t *index, void *out_, size_t n,
                               size_t k, size_t columns) {
    const REAL *y = y_;
    for (size_t i = 0; i < n; i++) {
        REAL *out = (REAL *)out_ + i * columns;
        memcpy(out, y + (size_t)index[i * k] * columns, columns * sizeof(REAL));
        for (size_t j = 1; j < k; j++) {
            const REAL *row = y + (size_t)index[i * k + j] * columns;
            for (size_t c = 0; c < columns; c++) out[c] = row[c] > out[c] ? row[c] : out[c];
        }
    }
}

static void KERNEL(gather_max_gradient)(const void *y_, const int32_t *index, const void *g_,
                                        void *dy_, size_t n, size_t k, size_t columns,
                                        size_t first, size_t width) {
    const REAL *y = y_, *g = g_;
    REAL *dy = dy_;
    for (size_t i = 0; i < n; i++)
        for (size_t c = first; c < first + width; c++) {
            size_t best = (size_t)index[i * k];
            for (size_t j = 1; j < k; j++) {
                const size_t other = (size_t)index[i * k + j];
                if (y[other * columns + c] > y[best * columns + c]) best = other;
            }
            dy[best * columns + c] += g[i * columns + c];
        }
}

static void KERNEL(row_squares)(const void *a_, void *out_, size_t rows, size_t columns) {
    REAL *out = out_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)a_ + r * columns;
        double sum = 0;
        for (size_t c = 0; c < columns; c++) sum += (double)a[c] * (double)a[c];
        out[r] = (REAL)sum;
    }
}

static void KERNEL(nearest_rows)(const void *dots_, const void *norms_, int32_t *out_, size_t rows,
                                 size_t first, size_t count, size_t k, size_t limited,
                                 size_t split, size_t base) {
    const REAL *norms = norms_;
    for (size_t r = 0; r < rows; r++) {
        const REAL *dots = (const REAL *)dots_ + r * count;
        const size_t self = first + r;
        int32_t *out = out_ + r * k;
        size_t filled = 1;
        out[0] = (int32_t)self;
        for (int phase = 0; phase < 2; phase++) {
            const size_t end = phase == 0 ? k - limited : k, begin = filled;
            for (size_t j = 0; j < count && begin < end; j++) {
                if (j == self || (phase == 1 && self >= split && j >= split)) continue;
                int chosen = 0;
                for (size_t e = 1; e < begin; e++) chosen |= out[e] == (int32_t)j;
                if (chosen) continue;
                const REAL value = norms[j] - 2 * dots[j];
                if (filled == end) {
                    const int32_t last = out[filled - 1];
                    if (!(value < norms[last] - 2 * dots[last])) continue;
                    filled--;
                }
                size_t at = filled;
                while (at > begin && value < norms[out[at - 1]] - 2 * dots[out[at - 1]]) {
                    out[at] = out[at - 1];
                    at--;
                }
                out[at] = (int32_t)j;
                filled++;
            }
        }
        for (; filled < k; filled++) out[filled] = (int32_t)self;
        for (size_t j = 0; j < k; j++) out[j] += (int32_t)base;
    }
}

// Where output position t reads: two rows and the weight of the second.
static inline double KERNEL(source_of)(size_t t, size_t length, size_t out_length, int mode,
                                       size_t *low, size_t *high) {
    double at;
    if (mode == 0) {
        *low = *high = t * length / out_length;
        return 0;
    }
    if (mode == 2) {
        at = out_length > 1 ? (double)t * (double)(length - 1) / (double)(out_length - 1) : 0;
    } else {
        at = ((double)t + 0.5) * (double)length / (double)out_length - 0.5;
        if (at < 0) at = 0;
    }
    *low = (size_t)at;
    if (*low > length - 1) *low = length - 1;
    *high = *low + (*low + 1 < length ? 1 : 0);
    return at - (double)*low;
}

static void KERNEL(interpolate)(const void *x_, void *out_, size_t length, size_t out_length,
                                size_t channels, int mode) {
    for (size_t t = 0; t < out_length; t++) {
        size_t low, high;
        const REAL w = (REAL)KERNEL(source_of)(t, length, out_length, mode, &low, &high);
        const REAL *a = (const REAL *)x_ + low * channels, *b = (const REAL *)x_ + high * channels;
        REAL *out = (REAL *)out_ + t * channels;
        if (w == 0)
            memcpy(out, a, channels * sizeof(REAL));
        else
            for (size_t c = 0; c < channels; c++) out[c] = (1 - w) * a[c] + w * b[c];
    }
}

static void KERNEL(interpolate_gradient)(const void *g_, void *dx_, size_t length,
                                         size_t out_length, size_t channels, int mode) {
    for (size_t t = 0; t < out_length; t++) {
        size_t low, high;
        const REAL w = (REAL)KERNEL(source_of)(t, length, out_length, mode, &low, &high);
        const REAL *g = (const REAL *)g_ + t * channels;
        REAL *a = (REAL *)dx_ + low * channels, *b = (REAL *)dx_ + high * channels;
        for (size_t c = 0; c < channels; c++) {
            a[c] += (1 - w) * g[c];
            b[c] += w * g[c];
        }
    }
}

static void KERNEL(softmax_classes)(const void *a_, void *out_, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)a_ + r * columns;
        REAL *out = (REAL *)out_ + r * columns;
        double top = (double)a[0], sum = 0;
        for (size_t c = 1; c < columns; c++) top = (double)a[c] > top ? (double)a[c] : top;
        for (size_t c = 0; c < columns; c++) sum += exp((double)a[c] - top);
        for (size_t c = 0; c < columns; c++) out[c] = (REAL)(exp((double)a[c] - top) / sum);
    }
}

static void KERNEL(softmax_loss)(const void *logits_, const int32_t *targets,
                                 const double *weights, const double *shares, double *loss,
                                 void *grad_, size_t rows, size_t classes) {
    double total = 0, share = 0;
    if (shares)
        for (size_t c = 0; c < classes; c++) share += shares[c];
    for (size_t r = 0; r < rows; r++) {
        const REAL *a = (const REAL *)logits_ + r * classes;
        REAL *grad = grad_ ? (REAL *)grad_ + r * classes : NULL;
        if (targets[r] < 0) {
            if (grad) memset(grad, 0, classes * sizeof(REAL));
            continue;
        }
        double top = (double)a[0], sum = 0;
        for (size_t c = 1; c < classes; c++) top = (double)a[c] > top ? (double)a[c] : top;
        for (size_t c = 0; c < classes; c++) sum += exp((double)a[c] - top);
        const double level = log(sum) + top;
        total += weights[r] * (level - (double)a[targets[r]]);
        if (shares)
            for (size_t c = 0; c < classes; c++) total += shares[c] * (level - (double)a[c]);
        if (!grad) continue;
        for (size_t c = 0; c < classes; c++)
            grad[c] = (REAL)((weights[r] + share) * (exp((double)a[c] - top) / sum) -
                             (c == (size_t)targets[r] ? weights[r] : 0) - (shares ? shares[c] : 0));
    }
    *loss = total;
}

// -log of the probability of target t from a logit, without overflow.
static inline double KERNEL(cross_entropy)(double x, double t) {
    return (x > 0 ? x : 0) - x * t + log1p(exp(-(x < 0 ? -x : x)));
}

static void KERNEL(focal_loss)(const void *logits_, const void *targets_, const double *weights,
                               double *loss, void *grad_, size_t rows, size_t columns,
                               double alpha, double gamma) {
    const REAL *logits = logits_, *targets = targets_;
    REAL *grad = grad_;
    double total = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            const size_t i = r * columns + c;
            const double x = (double)logits[i], t = (double)targets[i], p = 1 / (1 + exp(-x));
            const double ce = KERNEL(cross_entropy)(x, t), miss = p + t - 2 * p * t;
            const double balance = alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t);
            const double power = miss > 0 ? pow(miss, gamma) : (gamma == 0 ? 1 : 0);
            const double slope =
                miss > 0 && gamma != 0 ? gamma * power / miss * (1 - 2 * t) * p * (1 - p) : 0;
            total += weights[r] * balance * power * ce;
            if (grad) grad[i] = (REAL)(weights[r] * balance * (power * (p - t) + slope * ce));
        }
    *loss = total;
}

static void KERNEL(logit_loss)(const void *logits_, const void *targets_, const void *weights_,
                               double *loss, void *grad_, size_t n) {
    const REAL *logits = logits_, *targets = targets_, *weights = weights_;
    REAL *grad = grad_;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)logits[i], t = (double)targets[i], w = (double)weights[i];
        total += w * KERNEL(cross_entropy)(x, t);
        if (grad) grad[i] = (REAL)(w * (1 / (1 + exp(-x)) - t));
    }
    *loss = total;
}

static void KERNEL(probability_loss)(const void *p_, const void *targets_, const void *weights_,
                                     double *loss, void *grad_, size_t n, double epsilon) {
    const REAL *probabilities = p_, *targets = targets_, *weights = weights_;
    REAL *grad = grad_;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        const double p = (double)probabilities[i], t = (double)targets[i];
        const double w = (double)weights[i];
        total -= w * (t * log(p + epsilon) + (1 - t) * log(1 - p + epsilon));
        if (grad) grad[i] = (REAL)(w * ((1 - t) / (1 - p + epsilon) - t / (p + epsilon)));
    }
    *loss = total;
}
