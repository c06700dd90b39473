// SPDX-License-Identifier: Apache-2.0
// One instruction level: every body for float and for double with their two tables, then the pixels'.
// The including file defines LEVEL, VECTOR_BYTES and the target attribute.

#define DR_JOIN3_(a, b, c) a##_##b##_##c
#define DR_JOIN3(a, b, c) DR_JOIN3_(a, b, c)
#define DR_ENTRY(name, arguments) .name = KERNEL(name),

#define REAL float
#define SQRT sqrtf
#define SQRT_SCALAR sqrt
#define SCALAR f32
#define REAL_IS_FLOAT 1
#define KERNEL(name) DR_JOIN3(name, LEVEL, SCALAR)
#include "math.h"
#include "elementwise.h"
#include "streams.h"
#include "transformer.h"
#include "head.h"
#include "sequences.h"
#include "maps.h"
#include "small_product.h"
#include "windows.h"
const dr_kernels KERNEL(dr_table) = {
    DR_ELEMENTWISE_KERNELS(DR_ENTRY) DR_STREAM_KERNELS(DR_ENTRY)
        DR_TRANSFORMER_KERNELS(DR_ENTRY) DR_HEAD_KERNELS(DR_ENTRY)
            DR_MAP_KERNELS(DR_ENTRY) DR_WINDOW_KERNELS(DR_ENTRY)
                DR_SEQUENCE_KERNELS(DR_ENTRY)};
#undef REAL
#undef SQRT
#undef SCALAR
#undef REAL_IS_FLOAT

#define REAL double
#define SQRT sqrt
#define SCALAR f64
#define REAL_IS_FLOAT 0
#include "math.h"
#include "elementwise.h"
#include "streams.h"
#include "transformer.h"
#include "head.h"
#include "sequences.h"
#include "maps.h"
#include "small_product.h"
#include "windows.h"
const dr_kernels KERNEL(dr_table) = {
    DR_ELEMENTWISE_KERNELS(DR_ENTRY) DR_STREAM_KERNELS(DR_ENTRY)
        DR_TRANSFORMER_KERNELS(DR_ENTRY) DR_HEAD_KERNELS(DR_ENTRY)
            DR_MAP_KERNELS(DR_ENTRY) DR_WINDOW_KERNELS(DR_ENTRY)
                DR_SEQUENCE_KERNELS(DR_ENTRY)};
#undef REAL
#undef SQRT
#undef SCALAR
#undef REAL_IS_FLOAT

#define PIXELS(name) DR_JOIN3(name, LEVEL, pixels)
#define DR_PIXEL_ENTRY(name, arguments) .name = PIXELS(name),
#include "pixels.h"
const dr_pixel_kernels PIXELS(dr_table) = {DR_PIXEL_KERNELS(DR_PIXEL_ENTRY)};
