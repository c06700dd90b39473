// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.
//
// Attention inside one window by one head. Keys and values are packed once, the weights of a few
// query rows at a time are worked out against all keys, so that a row's softmax needs no second
// pass and the weights never leave the cache.

// out[j, :] = s * x[j, :], zeros from depth to padded.
static void KERNEL(pack_rows)(const REAL *x, size_t stride, REAL s, REAL *restrict out, size_t rows,
                              size_t depth, size_t padded) {
    for (size_t j = 0; j < rows; j++) {
        const REAL *restrict from = x + j * stride;
        REAL *restrict to = out + j * padded;
        for (size_t k = 0; k < depth; k++) to[k] = s * from[k];
        for (size_t k = depth; k < padded; k++) to[k] = 0;
    }
}

// out[k, j] = x[j, k], zeros from rows to padded.
static void KERNEL(pack_columns)(const REAL *x, size_t stride, REAL *restrict out, size_t rows,
                                 size_t depth, size_t padded) {
    for (size_t k = 0; k < depth; k++) {
        REAL *restrict to = out + k * padded;
        for (size_t j = 0; j < rows; j++) to[j] = x[j * stride + k];
        for (size_t j = rows; j < padded; j++) to[j] = 0;
    }
}

// x[j, :depth] = s * rows of padded length.
static void KERNEL(unpack_rows)(const REAL *rows_, REAL s, REAL *x, size_t stride, size_t rows,
                                size_t depth, size_t padded) {
    for (size_t j = 0; j < rows; j++) {
        const REAL *restrict from = rows_ + j * padded;
        REAL *restrict to = x + j * stride;
        for (size_t k = 0; k < depth; k++) to[k] = s * from[k];
    }
}

static void KERNEL(zero)(REAL *a, size_t n) {
    for (size_t i = 0; i < n; i++) a[i] = 0;
}

static int KERNEL(is_mixed)(const int32_t *regions, size_t tokens) {
    int32_t differences = 0;
    for (size_t j = 1; j < tokens; j++) differences |= regions[j] ^ regions[0];
    return differences != 0;
}

// The bias of rows first..<first+rows, less `less[row]` where given, and -100 across regions.
static void KERNEL(fill_scores)(const REAL *bias, const int32_t *regions, const REAL *less,
                                REAL *scores, size_t first, size_t rows, size_t tokens,
                                size_t padded) {
    for (size_t r = 0; r < rows; r++) {
        const REAL *restrict from = bias + (first + r) * tokens;
        REAL *restrict to = scores + r * padded;
        const REAL shift = less ? less[first + r] : 0;
        if (regions) {
            const int32_t own = regions[first + r];
            for (size_t j = 0; j < tokens; j++)
                to[j] = (from[j] - shift) + (regions[j] == own ? (REAL)0 : (REAL)-100);
        } else {
            for (size_t j = 0; j < tokens; j++) to[j] = from[j] - shift;
        }
        for (size_t j = tokens; j < padded; j++) to[j] = 0;
    }
}

static void KERNEL(window_attention)(const void *qkv_, const void *bias_, const int32_t *regions,
                                     void *out_, void *logsum_, void *scratch_, size_t tokens,
                                     size_t depth, size_t width, double scale) {
#pragma clang fp reassociate(on)
    const REAL *qkv = qkv_;
    REAL *out = out_, *logsum = logsum_;
    const size_t stride = 3 * width, columns = dr_padded(tokens), lanes = dr_padded(depth);
    const size_t tile = dr_window_tile(tokens);
    REAL *keys = scratch_, *values = keys + depth * columns, *queries = values + tokens * lanes;
    REAL *sums = queries + tile * lanes, *scores = sums + tile * lanes;
    REAL *total = scores + tile * columns;
    if (regions && !KERNEL(is_mixed)(regions, tokens)) regions = NULL;
    KERNEL(pack_columns)(qkv + width, stride, keys, tokens, depth, columns);
    KERNEL(pack_rows)(qkv + 2 * width, stride, 1, values, tokens, depth, lanes);
    for (size_t first = 0; first < tokens; first += tile) {
        const size_t rows = tokens - first < tile ? tokens - first : tile;
        KERNEL(pack_rows)(qkv + first * stride, stride, (REAL)scale, queries, rows, depth, lanes);
        KERNEL(fill_scores)(bias_, regions, NULL, scores, first, rows, tokens, columns);
        KERNEL(small_product)(queries, lanes, 1, keys, columns, scores, columns, rows, columns,
                              depth);
        for (size_t r = 0; r < rows; r++) {
            REAL *restrict s = scores + r * columns;
            const REAL most = KERNEL(row_max)(s, tokens);
            REAL sum = 0;
            for (size_t j = 0; j < tokens; j++) {
                const REAL e = KERNEL(fast_exp)(s[j] - most);
                s[j] = e;
                sum += e;
            }
            total[r] = sum;
            logsum[first + r] = most;
        }
        for (size_t r = 0; r < rows; r++) logsum[first + r] += KERNEL(fast_log)(total[r]);
        KERNEL(zero)(sums, rows * lanes);
        KERNEL(small_product)(scores, columns, 1, values, lanes, sums, lanes, rows, lanes, tokens);
        for (size_t r = 0; r < rows; r++)
            KERNEL(unpack_rows)(sums + r * lanes, 1 / total[r], out + (first + r) * width, width,
                                1, depth, lanes);
    }
}

static void KERNEL(window_attention_gradient)(const void *qkv_, const void *bias_,
                                              const int32_t *regions, const void *g_,
                                              const void *logsum, void *dqkv_, void *dbias_,
                                              void *scratch_, size_t tokens, size_t depth,
                                              size_t width, double scale_) {
#pragma clang fp reassociate(on)
    const REAL *qkv = qkv_, *g = g_, scale = (REAL)scale_;
    REAL *dqkv = dqkv_;
    const size_t stride = 3 * width, columns = dr_padded(tokens), lanes = dr_padded(depth);
    const size_t tile = dr_window_tile(tokens), panel = tokens * lanes;
    REAL *key_columns = scratch_, *value_columns = key_columns + depth * columns;
    REAL *keys = value_columns + depth * columns, *dkeys = keys + panel, *dvalues = dkeys + panel;
    REAL *queries = dvalues + panel, *slopes = queries + tile * lanes;
    REAL *dqueries = slopes + tile * lanes, *weights = dqueries + tile * lanes;
    REAL *dweights = weights + tile * columns;
    if (regions && !KERNEL(is_mixed)(regions, tokens)) regions = NULL;
    KERNEL(pack_columns)(qkv + width, stride, key_columns, tokens, depth, columns);
    KERNEL(pack_columns)(qkv + 2 * width, stride, value_columns, tokens, depth, columns);
    KERNEL(pack_rows)(qkv + width, stride, 1, keys, tokens, depth, lanes);
    KERNEL(zero)(dkeys, 2 * panel);
    for (size_t first = 0; first < tokens; first += tile) {
        const size_t rows = tokens - first < tile ? tokens - first : tile;
        KERNEL(pack_rows)(qkv + first * stride, stride, scale, queries, rows, depth, lanes);
        KERNEL(pack_rows)(g + first * width, width, 1, slopes, rows, depth, lanes);
        // The weights P = e^(QK^T + bias - logsum) and their gradients dO V^T.
        KERNEL(fill_scores)(bias_, regions, logsum, weights, first, rows, tokens, columns);
        KERNEL(small_product)(queries, lanes, 1, key_columns, columns, weights, columns, rows,
                              columns, depth);
        KERNEL(zero)(dweights, rows * columns);
        KERNEL(small_product)(slopes, lanes, 1, value_columns, columns, dweights, columns, rows,
                              columns, depth);
        for (size_t r = 0; r < rows; r++) {
            REAL *restrict p = weights + r * columns, *restrict d = dweights + r * columns;
            REAL dot = 0;
            for (size_t j = 0; j < tokens; j++) {
                const REAL e = KERNEL(fast_exp)(p[j]);
                p[j] = e;
                dot += e * d[j];
            }
            if (dbias_) {
                REAL *restrict dbias = (REAL *)dbias_ + (first + r) * tokens;
                for (size_t j = 0; j < tokens; j++) {
                    const REAL slope = p[j] * (d[j] - dot);
                    d[j] = slope;
                    dbias[j] += slope;
                }
            } else {
                for (size_t j = 0; j < tokens; j++) d[j] = p[j] * (d[j] - dot);
            }
        }
        // dV += P^T dO, dK += dS^T Q, dQ = dS K.
        KERNEL(small_product)(weights, 1, columns, slopes, lanes, dvalues, lanes, tokens, lanes,
                              rows);
        KERNEL(small_product)(dweights, 1, columns, queries, lanes, dkeys, lanes, tokens, lanes,
                              rows);
        KERNEL(zero)(dqueries, rows * lanes);
        KERNEL(small_product)(dweights, columns, 1, keys, lanes, dqueries, lanes, rows, lanes,
                              tokens);
        KERNEL(unpack_rows)(dqueries, scale, dqkv + first * stride, stride, rows, depth, lanes);
    }
    KERNEL(unpack_rows)(dkeys, 1, dqkv + width, stride, tokens, depth, lanes);
    KERNEL(unpack_rows)(dvalues, 1, dqkv + 2 * width, stride, tokens, depth, lanes);
}

static void KERNEL(gather)(const void *x_, const int32_t *index, void *out_, size_t n) {
    const REAL *x = x_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[i] = x[index[i]];
}

static void KERNEL(scatter_add)(const void *g_, const int32_t *index, void *out_, size_t n) {
    const REAL *g = g_;
    REAL *out = out_;
    for (size_t i = 0; i < n; i++) out[index[i]] += g[i];
}
