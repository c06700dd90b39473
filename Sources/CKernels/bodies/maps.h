// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.

static void KERNEL(window_columns)(const void *x_, void *columns_, const dr_convolution *shape,
                                   size_t channels, size_t first, size_t rows, size_t first_tap,
                                   size_t taps) {
    const ptrdiff_t height = (ptrdiff_t)shape->height, width = (ptrdiff_t)shape->width;
    const ptrdiff_t padding = (ptrdiff_t)shape->padding, kernel = (ptrdiff_t)shape->kernel;
    const size_t pixels = shape->out_height * shape->out_width, bytes = channels * sizeof(REAL);
    char *out = columns_;
    for (size_t r = first; r < first + rows; r++) {
        const size_t row = r % pixels / shape->out_width, column = r % shape->out_width;
        const char *x = (const char *)x_ + r / pixels * shape->height * shape->width * bytes;
        // The window reaches over taps low to high of the map's columns.
        const ptrdiff_t left = (ptrdiff_t)(column * shape->stride) - padding;
        ptrdiff_t low = left < 0 ? -left : 0, high = width - left;
        if (low > kernel) low = kernel;
        if (high > kernel) high = kernel;
        if (high < low) high = low;
        for (size_t tap = first_tap; tap < first_tap + taps; tap++) {
            const ptrdiff_t y = (ptrdiff_t)(row * shape->stride + tap) - padding;
            if (y < 0 || y >= height || high == low) {
                memset(out, 0, (size_t)kernel * bytes);
            } else {
                memset(out, 0, (size_t)low * bytes);
                memcpy(out + (size_t)low * bytes, x + (size_t)(y * width + left + low) * bytes,
                       (size_t)(high - low) * bytes);
                memset(out + (size_t)high * bytes, 0, (size_t)(kernel - high) * bytes);
            }
            out += (size_t)kernel * bytes;
        }
    }
}

static void KERNEL(windows_over)(const void *g_, void *columns_, const dr_convolution *shape,
                                 size_t channels, size_t top, size_t left, size_t first,
                                 size_t rows) {
    const size_t stride = shape->stride, padding = shape->padding, bytes = channels * sizeof(REAL);
    const size_t lines = (shape->height - top + stride - 1) / stride;
    const size_t width = (shape->width - left + stride - 1) / stride;
    char *out = columns_;
    for (size_t r = first; r < first + rows; r++) {
        const size_t y = top + r / width % lines * stride + padding;
        const size_t x = left + r % width * stride + padding;
        const size_t sample = r / (width * lines);
        for (size_t i = (top + padding) % stride; i < shape->kernel; i += stride)
            for (size_t j = (left + padding) % stride; j < shape->kernel; j += stride) {
                const size_t row = (y - i) / stride, column = (x - j) / stride;
                if (y < i || x < j || row >= shape->out_height || column >= shape->out_width)
                    memset(out, 0, bytes);
                else
                    memcpy(out,
                           (const char *)g_ +
                               ((sample * shape->out_height + row) * shape->out_width + column) *
                                   bytes,
                           bytes);
                out += bytes;
            }
    }
}

static void KERNEL(channel_moments)(const void *x_, double *sums, size_t rows, size_t channels) {
    double *squares = sums + channels;
    for (size_t r = 0; r < rows; r++) {
        const REAL *x = (const REAL *)x_ + r * channels;
        for (size_t c = 0; c < channels; c++) {
            const double value = (double)x[c];
            sums[c] += value;
            squares[c] += value * value;
        }
    }
}

static void KERNEL(channel_affine)(const void *x_, const void *map, void *out_, int relu,
                                   size_t rows, size_t channels) {
    const REAL *mean = map, *scale = mean + channels, *shift = scale + channels;
    // Without ReLU every number passes.
    const REAL least = relu ? 0 : -(REAL)INFINITY;
    for (size_t r = 0; r < rows; r++) {
        const REAL *x = (const REAL *)x_ + r * channels;
        REAL *out = (REAL *)out_ + r * channels;
        for (size_t c = 0; c < channels; c++) {
            const REAL y = (x[c] - mean[c]) * scale[c] + shift[c];
            out[c] = y < least ? least : y;
        }
    }
}

static void KERNEL(channel_affine_sums)(const void *x_, const void *g_, const void *map,
                                        double *sums, int relu, size_t rows, size_t channels) {
    const REAL *mean = map, *scale = mean + channels, *shift = scale + channels;
    const REAL least = relu ? 0 : -(REAL)INFINITY;
    double *products = sums + channels;
    for (size_t r = 0; r < rows; r++) {
        const REAL *x = (const REAL *)x_ + r * channels, *g = (const REAL *)g_ + r * channels;
        for (size_t c = 0; c < channels; c++) {
            const REAL d = x[c] - mean[c], h = d * scale[c] + shift[c] > least ? g[c] : 0;
            sums[c] += (double)h;
            products[c] += (double)h * (double)d;
        }
    }
}

static void KERNEL(channel_affine_gradient)(const void *x_, const void *g_, const void *map,
                                            const void *factors, void *dx_, int relu,
                                            size_t rows, size_t channels) {
    const REAL *mean = map, *scale = mean + channels, *shift = scale + channels;
    const REAL *by_gradient = factors, *by_input = by_gradient + channels;
    const REAL *constant = by_input + channels;
    const REAL least = relu ? 0 : -(REAL)INFINITY;
    for (size_t r = 0; r < rows; r++) {
        const REAL *x = (const REAL *)x_ + r * channels, *g = (const REAL *)g_ + r * channels;
        REAL *dx = (REAL *)dx_ + r * channels;
        for (size_t c = 0; c < channels; c++) {
            const REAL d = x[c] - mean[c], h = d * scale[c] + shift[c] > least ? g[c] : 0;
            dx[c] = by_gradient[c] * h + by_input[c] * d + constant[c];
        }
    }
}

static void KERNEL(add_upsampled_line)(const void *fine_, const void *coarse_, void *out_,
                                       size_t width, size_t coarse_width, size_t channels) {
    for (size_t j = 0; j < width; j++) {
        const REAL *coarse = (const REAL *)coarse_ + j * coarse_width / width * channels;
        const REAL *fine = (const REAL *)fine_ + j * channels;
        REAL *out = (REAL *)out_ + j * channels;
        for (size_t c = 0; c < channels; c++) out[c] = fine[c] + coarse[c];
    }
}

static void KERNEL(upsampled_line_gradient)(const void *g_, void *dcoarse_, size_t width,
                                            size_t coarse_width, size_t channels) {
    for (size_t j = 0; j < width; j++) {
        REAL *dcoarse = (REAL *)dcoarse_ + j * coarse_width / width * channels;
        const REAL *g = (const REAL *)g_ + j * channels;
        for (size_t c = 0; c < channels; c++) dcoarse[c] += g[c];
    }
}
