// SPDX-License-Identifier: Apache-2.0
// The hot inner loops, one table of function pointers per instruction level and scalar type.
//
// A kernel has one body (bodies/<topic>.h), compiled for float and double at three levels
// (level_base.c, level_v3.c, level_v4.c). Pointers are untyped: the table fixes the type.
// Every function works on one contiguous chunk and knows nothing of threads.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels_elementwise.h"
#include "kernels_head.h"
#include "kernels_maps.h"
#include "kernels_pixels.h"
#include "kernels_sequences.h"
#include "kernels_streams.h"
#include "kernels_transformer.h"
#include "kernels_windows.h"

#define DR_FIELD(name, arguments) void(*name) arguments;
typedef struct dr_kernels {
    DR_ELEMENTWISE_KERNELS(DR_FIELD)
    DR_STREAM_KERNELS(DR_FIELD)
    DR_TRANSFORMER_KERNELS(DR_FIELD)
    DR_HEAD_KERNELS(DR_FIELD)
    DR_MAP_KERNELS(DR_FIELD)
    DR_WINDOW_KERNELS(DR_FIELD)
    DR_SEQUENCE_KERNELS(DR_FIELD)
} dr_kernels;
typedef struct dr_pixel_kernels {
    DR_PIXEL_KERNELS(DR_FIELD)
} dr_pixel_kernels;
#undef DR_FIELD

/// Instruction levels: 0 baseline, 1 AVX2 + FMA, 2 AVX-512.
enum { DR_LEVEL_BASE = 0, DR_LEVEL_V3 = 1, DR_LEVEL_V4 = 2 };

/// The highest level this machine runs.
int dr_best_level(void);

/// The kernels of a level, or NULL where the level isn't compiled in.
const dr_kernels *dr_kernels_at(int level, int is_double);

/// The kernels over pixels, which know no scalar type, or NULL as above.
const dr_pixel_kernels *dr_pixels_at(int level);

/// Gives freed memory that the C library keeps back to the system, where it can (glibc's
/// malloc_trim, which Swift's module of glibc leaves out).
void dr_trim_heap(void);

/// Tells the thread sanitizer what a lock that it doesn't see has ordered, such as Swift's Mutex,
/// which waits by futex; nothing in other builds.
void dr_after_lock(void *lock);
void dr_before_unlock(void *lock);

#endif
