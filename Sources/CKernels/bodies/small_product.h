// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.
//
// Matrix products too small for a BLAS library, whose packing and checks then cost more than the
// product. The columns are padded to a multiple of eight by the caller; a block of rows x lanes
// stays in registers over the whole inner loop. The loops below are unrolled as they stand: the
// sizes are constants after inlining.

// Rows of the highest block of two vectors: as many sums as registers hold beside the operands.
#define PRODUCT_ROWS (VECTOR_BYTES == 64 ? 12 : 6)
#if REAL_IS_FLOAT
#define PRODUCT_LANES (VECTOR_BYTES / 2)
#else
#define PRODUCT_LANES (VECTOR_BYTES == 64 ? 16 : 8)
#endif

// c[r, l] = start[r, l] + sum over j < k of a[r * row_a + j * step_a] * b[j * row_b + l]; start
// may be c.
static inline __attribute__((always_inline)) void KERNEL(product_block)(
    const int rows, const int lanes, const REAL *a, size_t row_a, size_t step_a, const REAL *b,
    size_t row_b, const REAL *start, size_t row_start, REAL *c, size_t row_c, size_t k) {
    REAL sum[12 * 32];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < lanes; l++) sum[r * lanes + l] = start[(size_t)r * row_start + l];
    for (size_t j = 0; j < k; j++) {
        // Copied, or the compiler puts lanes together in another order.
        REAL y[32];
        for (int l = 0; l < lanes; l++) y[l] = b[j * row_b + l];
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const REAL x = a[(size_t)r * row_a + j * step_a];
            for (int l = 0; l < lanes; l++) sum[r * lanes + l] += x * y[l];
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < lanes; l++) c[(size_t)r * row_c + l] = sum[r * lanes + l];
}

#define PRODUCT_ARGUMENTS a, row_a, step_a, b, row_b, start, row_start, c, row_c
#define PRODUCT_PARAMETERS                                                                      \
    const REAL *a, size_t row_a, size_t step_a, const REAL *b, size_t row_b, const REAL *start, \
        size_t row_start, REAL *c, size_t row_c

// Functions of their own, not inlined: among other code the compiler vectorises them less well.
#define PRODUCT_BLOCK(rows, lanes)                                                              \
    static __attribute__((noinline)) void KERNEL(product_##rows##x##lanes)(PRODUCT_PARAMETERS,  \
                                                                           size_t k) {          \
        KERNEL(product_block)(rows, lanes, PRODUCT_ARGUMENTS, k);                               \
    }
#define PRODUCT_CASE(rows, lanes)                                                               \
    case rows: KERNEL(product_##rows##x##lanes)(PRODUCT_ARGUMENTS, k); break;

#define PRODUCT_SIX(X, lanes)                                                                   \
    X(1, lanes) X(2, lanes) X(3, lanes) X(4, lanes) X(5, lanes) X(6, lanes)
#if VECTOR_BYTES == 64
#define PRODUCT_HEIGHTS(X, lanes)                                                               \
    PRODUCT_SIX(X, lanes)                                                                       \
    X(7, lanes) X(8, lanes) X(9, lanes) X(10, lanes) X(11, lanes) X(12, lanes)
#else
#define PRODUCT_HEIGHTS PRODUCT_SIX
#endif

// So many columns: the rows in blocks of nearly equal height.
#define PRODUCT_COLUMNS(lanes)                                                                  \
    PRODUCT_HEIGHTS(PRODUCT_BLOCK, lanes)                                                       \
    static void KERNEL(product_columns_##lanes)(PRODUCT_PARAMETERS, size_t m, size_t k) {       \
        const size_t blocks = (m + PRODUCT_ROWS - 1) / PRODUCT_ROWS;                            \
        for (size_t block = 0; block < blocks; block++) {                                       \
            const size_t rows = m / blocks + (block < m % blocks ? 1 : 0);                      \
            switch (rows) { PRODUCT_HEIGHTS(PRODUCT_CASE, lanes) }                              \
            a += rows * row_a;                                                                  \
            c += rows * row_c;                                                                  \
            start += rows * row_start;                                                          \
        }                                                                                       \
    }

PRODUCT_COLUMNS(8)
#if PRODUCT_LANES >= 16
PRODUCT_COLUMNS(16)
#endif
#if PRODUCT_LANES >= 32
PRODUCT_COLUMNS(32)
#endif

// C [m, n] = start + A B: A's element (r, j) lies at r * row_a + j * step_a, B is [k, n]; n is a
// multiple of eight. The start is zero where it is NULL, and may be C.
static void KERNEL(small_product)(PRODUCT_PARAMETERS, size_t m, size_t n, size_t k) {
    static const REAL zeros[32];
    const int starts = start != NULL;
    if (!starts) {
        start = zeros;
        row_start = 0;
    }
    while (n > 0) {
        const size_t lanes = n >= PRODUCT_LANES ? PRODUCT_LANES : n >= 16 ? 16 : 8;
        switch (lanes) {
#if PRODUCT_LANES >= 32
            case 32: KERNEL(product_columns_32)(PRODUCT_ARGUMENTS, m, k); break;
#endif
#if PRODUCT_LANES >= 16
            case 16: KERNEL(product_columns_16)(PRODUCT_ARGUMENTS, m, k); break;
#endif
            default: KERNEL(product_columns_8)(PRODUCT_ARGUMENTS, m, k);
        }
        b += lanes;
        c += lanes;
        if (starts) start += lanes;
        n -= lanes;
    }
}

#undef PRODUCT_COLUMNS
#undef PRODUCT_HEIGHTS
#undef PRODUCT_SIX
#undef PRODUCT_CASE
#undef PRODUCT_BLOCK
#undef PRODUCT_PARAMETERS
#undef PRODUCT_ARGUMENTS
#undef PRODUCT_LANES
#undef PRODUCT_ROWS
