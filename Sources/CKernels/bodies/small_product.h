// SPDX-License-Identifier: Apache-2.0
// Included once a level and scalar type; REAL and KERNEL come from level.h.
//
// Matrix products too small for a BLAS library, whose packing and checks then cost more than the
// product. The columns are padded to a multiple of eight by the caller; a block of rows x lanes
// stays in registers over the whole inner loop. The loops below are unrolled as they stand: the
// sizes are constants after inlining.

// Lanes of a block: two vectors (in float), eight at least.
#define PRODUCT_LANES                                                                           \
    (2 * VECTOR_BYTES / sizeof(REAL) < 8 ? 8 : 2 * VECTOR_BYTES / sizeof(REAL))
// Rows of a block: as many sums as registers hold beside the operands.
#define PRODUCT_ROWS (VECTOR_BYTES == 64 ? 12 : 6)

// c[r, l] += sum over j < k of a[r * row_a + j * step_a] * b[j * row_b + l].
static inline __attribute__((always_inline)) void KERNEL(product_block)(
    const int rows, const int lanes, const REAL *restrict a, size_t row_a, size_t step_a,
    const REAL *restrict b, size_t row_b, REAL *restrict c, size_t row_c, size_t k) {
    REAL sum[12 * 32];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < lanes; l++) sum[r * lanes + l] = c[(size_t)r * row_c + l];
    for (size_t j = 0; j < k; j++) {
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const REAL x = a[(size_t)r * row_a + j * step_a];
            for (int l = 0; l < lanes; l++) sum[r * lanes + l] += x * b[j * row_b + l];
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
        for (int l = 0; l < lanes; l++) c[(size_t)r * row_c + l] = sum[r * lanes + l];
}

#define PRODUCT_CASE(count)                                                                     \
    case count:                                                                                 \
        KERNEL(product_block)(count, lanes, a, row_a, step_a, b, row_b, c, row_c, k);           \
        break;

// Columns of one block: the rows in blocks of nearly equal height.
static inline __attribute__((always_inline)) void KERNEL(product_columns)(
    const int lanes, const REAL *a, size_t row_a, size_t step_a, const REAL *b, size_t row_b,
    REAL *c, size_t row_c, size_t m, size_t k) {
    const size_t blocks = (m + PRODUCT_ROWS - 1) / PRODUCT_ROWS;
    for (size_t block = 0; block < blocks; block++) {
        const size_t rows = m / blocks + (block < m % blocks ? 1 : 0);
        switch (rows) {
            PRODUCT_CASE(1)
            PRODUCT_CASE(2)
            PRODUCT_CASE(3)
            PRODUCT_CASE(4)
            PRODUCT_CASE(5)
            PRODUCT_CASE(6)
#if VECTOR_BYTES == 64
            PRODUCT_CASE(7)
            PRODUCT_CASE(8)
            PRODUCT_CASE(9)
            PRODUCT_CASE(10)
            PRODUCT_CASE(11)
            PRODUCT_CASE(12)
#endif
        }
        a += rows * row_a;
        c += rows * row_c;
    }
}

// C [m, n] += A B: A's element (r, j) lies at r * row_a + j * step_a, B is [k, n]; n is a
// multiple of eight.
static void KERNEL(small_product)(const REAL *a, size_t row_a, size_t step_a, const REAL *b,
                                  size_t row_b, REAL *c, size_t row_c, size_t m, size_t n,
                                  size_t k) {
    size_t first = 0;
    for (; first + PRODUCT_LANES <= n; first += PRODUCT_LANES)
        KERNEL(product_columns)(PRODUCT_LANES, a, row_a, step_a, b + first, row_b, c + first,
                                row_c, m, k);
    switch ((n - first) / 8) {
#if VECTOR_BYTES == 64
    case 3:
        KERNEL(product_columns)(24, a, row_a, step_a, b + first, row_b, c + first, row_c, m, k);
        break;
    case 2:
        KERNEL(product_columns)(16, a, row_a, step_a, b + first, row_b, c + first, row_c, m, k);
        break;
#endif
    case 1:
        KERNEL(product_columns)(8, a, row_a, step_a, b + first, row_b, c + first, row_c, m, k);
        break;
    }
}

#undef PRODUCT_CASE
#undef PRODUCT_ROWS
#undef PRODUCT_LANES
