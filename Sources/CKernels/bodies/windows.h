// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.
//
// Attention inside one window by one head. Keys and values are packed once, the weights of a few
// query rows at a time are worked out against all keys, so that a row's softmax needs no second
// pass and the weights never leave the cache. Small windows are read where they lie. The next head or
// window is asked for meanwhile: rows of one head are far apart, which no prefetcher follows.

// out[j, :] = x[j, :], zeros from depth to padded.
static void KERNEL(pack_rows)(const REAL *x, size_t stride, REAL *restrict out, size_t rows,
                              size_t depth, size_t padded) {
    for (size_t j = 0; j < rows; j++) {
        const REAL *restrict from = x + j * stride;
        REAL *restrict to = out + j * padded;
        for (size_t k = 0; k < depth; k++) to[k] = from[k];
        for (size_t k = depth; k < padded; k++) to[k] = 0;
    }
}

// out[k, j] = s * x[j, k], zeros from rows to padded.
static void KERNEL(pack_columns)(const REAL *x, size_t stride, REAL s, REAL *restrict out,
                                 size_t rows, size_t depth, size_t padded) {
    for (size_t k = 0; k < depth; k++) {
        REAL *restrict to = out + k * padded;
        for (size_t j = 0; j < rows; j++) to[j] = s * x[j * stride + k];
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

static int KERNEL(is_mixed)(const int32_t *regions, size_t tokens) {
    int32_t differences = 0;
    for (size_t j = 1; j < tokens; j++) differences |= regions[j] ^ regions[0];
    return differences != 0;
}

// Asks for depth scalars at x to come into the second-level cache.
static inline void KERNEL(ask_for)(const REAL *x, size_t depth) {
    for (size_t k = 0; k < depth; k += 64 / sizeof(REAL)) __builtin_prefetch(x + k, 0, 2);
}

// The bias of some query rows, less `less[row]` where given, and -100 across regions; so little
// at the padding's columns that its weights are zero.
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
        for (size_t j = tokens; j < padded; j++) to[j] = (REAL)-1e30;
    }
}

// The largest of n numbers, n a positive multiple of eight.
static inline REAL KERNEL(padded_max)(const REAL *a, size_t n) {
    REAL wide[16], lane[8];
    for (int l = 0; l < 8; l++) lane[l] = a[l];
    size_t i = 8;
    if (n % 16 == 0) {
        for (int l = 0; l < 8; l++) lane[l] = a[8 + l] > lane[l] ? a[8 + l] : lane[l];
        i = 16;
    }
    for (int l = 0; l < 16; l++) wide[l] = lane[l % 8];
    for (; i < n; i += 16)
        for (int l = 0; l < 16; l++) wide[l] = a[i + l] > wide[l] ? a[i + l] : wide[l];
    for (int l = 0; l < 8; l++) lane[l] = wide[l] > wide[l + 8] ? wide[l] : wide[l + 8];
    for (int l = 0; l < 4; l++) lane[l] = lane[l] > lane[l + 4] ? lane[l] : lane[l + 4];
    for (int l = 0; l < 2; l++) lane[l] = lane[l] > lane[l + 2] ? lane[l] : lane[l + 2];
    return lane[0] > lane[1] ? lane[0] : lane[1];
}

static void KERNEL(window_attention)(const void *qkv_, const void *ahead_, const void *bias_,
                                     const int32_t *regions, void *out_, void *logsum_,
                                     void *scratch_, size_t tokens, size_t depth, size_t width,
                                     double scale) {
#pragma clang fp reassociate(on)
    const REAL *qkv = qkv_, *ahead = ahead_, *values = qkv + 2 * width;
    REAL *out = out_, *logsum = logsum_;
    const size_t stride = 3 * width, columns = dr_padded(tokens), lanes = dr_padded(depth);
    const size_t tile = dr_window_tile(tokens);
    REAL *keys = scratch_, *packed = keys + depth * columns, *sums = packed + tokens * lanes;
    REAL *scores = sums + tile * lanes, *total = scores + tile * columns;
    const int in_place = tile == tokens && depth == lanes;
    if (regions && !KERNEL(is_mixed)(regions, tokens)) regions = NULL;
    KERNEL(pack_columns)(qkv + width, stride, (REAL)scale, keys, tokens, depth, columns);
    if (!in_place) KERNEL(pack_rows)(values, stride, packed, tokens, depth, lanes);
    for (size_t first = 0; first < tokens; first += tile) {
        const size_t rows = tokens - first < tile ? tokens - first : tile;
        KERNEL(fill_scores)(bias_, regions, NULL, scores, first, rows, tokens, columns);
        KERNEL(small_product)(qkv + first * stride, stride, 1, keys, columns, scores, columns,
                              scores, columns, rows, columns, depth);
        for (size_t r = 0; r < rows; r++) {
            for (size_t part = 0; part < 3; part++)
                KERNEL(ask_for)(ahead + (first + r) * stride + part * width, depth);
            REAL *restrict s = scores + r * columns;
            const REAL most = KERNEL(padded_max)(s, columns);
            REAL sum = 0;
            for (size_t j = 0; j < columns; j++) {
                const REAL e = KERNEL(fast_exp)(s[j] - most);
                s[j] = e;
                sum += e;
            }
            total[r] = sum;
            logsum[first + r] = most;
        }
        for (size_t r = 0; r < rows; r++) logsum[first + r] += KERNEL(fast_log)(total[r]);
        KERNEL(small_product)(scores, columns, 1, in_place ? values : packed,
                              in_place ? stride : lanes, NULL, 0, sums, lanes, rows, lanes, tokens);
        for (size_t r = 0; r < rows; r++)
            KERNEL(unpack_rows)(sums + r * lanes, 1 / total[r], out + (first + r) * width, width,
                                1, depth, lanes);
    }
}

static void KERNEL(window_attention_gradient)(
    const void *qkv_, const void *ahead_, const void *bias_, const int32_t *regions,
    const void *g_, const void *g_ahead_, const void *logsum, void *dqkv_, void *dbias_, int adds,
    void *scratch_, size_t tokens, size_t depth, size_t width, double scale_) {
#pragma clang fp reassociate(on)
    const REAL *qkv = qkv_, *ahead = ahead_, *g_ahead = g_ahead_, scale = (REAL)scale_;
    REAL *dqkv = dqkv_;
    const size_t stride = 3 * width, columns = dr_padded(tokens), lanes = dr_padded(depth);
    const size_t tile = dr_window_tile(tokens), panel = tokens * lanes;
    REAL *key_columns = scratch_, *value_columns = key_columns + depth * columns;
    REAL *packed_keys = value_columns + depth * columns, *dkeys = packed_keys + panel;
    REAL *dvalues = dkeys + panel, *packed_queries = dvalues + panel;
    REAL *packed_slopes = packed_queries + tile * lanes, *dqueries = packed_slopes + tile * lanes;
    REAL *weights = dqueries + tile * lanes, *dweights = weights + tile * columns;
    const int is_padded = depth != lanes, keys_packed = is_padded || tile != tokens;
    const REAL *keys = keys_packed ? packed_keys : qkv + width;
    const size_t row_keys = keys_packed ? lanes : stride;
    if (regions && !KERNEL(is_mixed)(regions, tokens)) regions = NULL;
    KERNEL(pack_columns)(qkv + width, stride, scale, key_columns, tokens, depth, columns);
    KERNEL(pack_columns)(qkv + 2 * width, stride, 1, value_columns, tokens, depth, columns);
    if (keys_packed) KERNEL(pack_rows)(qkv + width, stride, packed_keys, tokens, depth, lanes);
    for (size_t first = 0; first < tokens; first += tile) {
        const size_t rows = tokens - first < tile ? tokens - first : tile;
        const REAL *queries = qkv + first * stride, *slopes = (const REAL *)g_ + first * width;
        size_t row_queries = stride, row_slopes = width;
        if (is_padded) {
            KERNEL(pack_rows)(queries, stride, packed_queries, rows, depth, lanes);
            KERNEL(pack_rows)(slopes, width, packed_slopes, rows, depth, lanes);
            queries = packed_queries;
            slopes = packed_slopes;
            row_queries = row_slopes = lanes;
        }
        // The weights P = e^(QK^T + bias - logsum) and their gradients dO V^T.
        KERNEL(fill_scores)(bias_, regions, logsum, weights, first, rows, tokens, columns);
        KERNEL(small_product)(queries, row_queries, 1, key_columns, columns, weights, columns,
                              weights, columns, rows, columns, depth);
        KERNEL(small_product)(slopes, row_slopes, 1, value_columns, columns, NULL, 0, dweights,
                              columns, rows, columns, depth);
        for (size_t r = 0; r < rows; r++) {
            for (size_t part = 0; part < 3; part++)
                KERNEL(ask_for)(ahead + (first + r) * stride + part * width, depth);
            KERNEL(ask_for)(g_ahead + (first + r) * width, depth);
            REAL *restrict p = weights + r * columns, *restrict d = dweights + r * columns;
            REAL dot = 0;
            for (size_t j = 0; j < columns; j++) {
                const REAL e = KERNEL(fast_exp)(p[j]);
                p[j] = e;
                dot += e * d[j];
            }
            for (size_t j = 0; j < columns; j++) d[j] = p[j] * (d[j] - dot);
            REAL *restrict dbias = dbias_ ? (REAL *)dbias_ + (first + r) * tokens : NULL;
            if (dbias && adds)
                for (size_t j = 0; j < tokens; j++) dbias[j] += d[j];
            else if (dbias)
                for (size_t j = 0; j < tokens; j++) dbias[j] = d[j];
        }
        // dV += P^T dO, dK += dS^T Q, dQ = dS K.
        KERNEL(small_product)(weights, 1, columns, slopes, row_slopes, first ? dvalues : NULL,
                              lanes, dvalues, lanes, tokens, lanes, rows);
        KERNEL(small_product)(dweights, 1, columns, queries, row_queries, first ? dkeys : NULL,
                              lanes, dkeys, lanes, tokens, lanes, rows);
        KERNEL(small_product)(dweights, columns, 1, keys, row_keys, NULL, 0, dqueries, lanes, rows,
                              lanes, tokens);
        KERNEL(unpack_rows)(dqueries, scale, dqkv + first * stride, stride, rows, depth, lanes);
    }
    KERNEL(unpack_rows)(dkeys, scale, dqkv + width, stride, tokens, depth, lanes);
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
