// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_WINDOWS_H
#define DR_KERNELS_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

/// The next multiple of eight: rows of packed panels have such lengths.
static inline size_t dr_padded(size_t n) { return (n + 7) & ~(size_t)7; }

/// Query rows of a tile: about 2^14 weights, so that a tile stays in the cache.
static inline size_t dr_window_tile(size_t tokens) {
    const size_t rows = ((size_t)1 << 14) / dr_padded(tokens);
    return rows >= tokens ? tokens : rows < 12 ? 12 : rows / 12 * 12;
}

/// Scalars of scratch that `window_attention` (or its gradient) of such a window needs.
static inline size_t dr_window_scratch(size_t tokens, size_t depth, int is_gradient) {
    const size_t tile = dr_window_tile(tokens), columns = dr_padded(tokens);
    const size_t lanes = dr_padded(depth);
    return is_gradient
               ? 2 * depth * columns + 3 * tokens * lanes + tile * (3 * lanes + 2 * columns)
               : depth * columns + tokens * lanes + tile * (lanes + columns + 1);
}

// X(name, (arguments)); one head of one window, queries, keys and values side by side.
#define DR_WINDOW_KERNELS(X)                                                                    \
    /* a window's queries start at qkv, keys and values width and 2 * width later, rows are */  \
    /* 3 * width apart, rows of out width; ahead is the qkv of the next call, or of this one; */\
    /* bias is [tokens, tokens]; regions: NULL or [tokens], different ones get -100; logsum */  \
    /* gets max + ln(sum) of each row */                                                        \
    X(window_attention, (const void *qkv, const void *ahead, const void *bias,                  \
                         const int32_t *regions, void *out, void *logsum, void *scratch,        \
                         size_t tokens, size_t depth, size_t width, double scale))              \
    /* dqkv is written, laid out as qkv; dbias [tokens, tokens] is written, or added to where */\
    /* adds, unless it is NULL */                                                               \
    X(window_attention_gradient, (const void *qkv, const void *ahead, const void *bias,         \
                                  const int32_t *regions, const void *g, const void *g_ahead,   \
                                  const void *logsum, void *dqkv, void *dbias, int adds,        \
                                  void *scratch, size_t tokens, size_t depth, size_t width,     \
                                  double scale))                                                \
    /* out[i] = x[index[i]] */                                                                  \
    X(gather, (const void *x, const int32_t *index, void *out, size_t n))                       \
    /* out[index[i]] += g[i], i in order */                                                     \
    X(scatter_add, (const void *g, const int32_t *index, void *out, size_t n))

#endif
