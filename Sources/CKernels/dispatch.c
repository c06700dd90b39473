// SPDX-License-Identifier: Apache-2.0
#include "CKernels.h"

extern const dr_kernels dr_table_base_f32, dr_table_base_f64;
extern const dr_pixel_kernels dr_table_base_pixels;
#if defined(__x86_64__)
extern const dr_kernels dr_table_v3_f32, dr_table_v3_f64, dr_table_v4_f32, dr_table_v4_f64;
extern const dr_pixel_kernels dr_table_v3_pixels, dr_table_v4_pixels;
#endif

int dr_best_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512cd"))
            return DR_LEVEL_V4;
        return DR_LEVEL_V3;
    }
#endif
    return DR_LEVEL_BASE;
}

const dr_kernels *dr_kernels_at(int level, int is_double) {
    switch (level) {
    case DR_LEVEL_BASE: return is_double ? &dr_table_base_f64 : &dr_table_base_f32;
#if defined(__x86_64__)
    case DR_LEVEL_V3: return is_double ? &dr_table_v3_f64 : &dr_table_v3_f32;
    case DR_LEVEL_V4: return is_double ? &dr_table_v4_f64 : &dr_table_v4_f32;
#endif
    default: return 0;
    }
}

const dr_pixel_kernels *dr_pixels_at(int level) {
    switch (level) {
    case DR_LEVEL_BASE: return &dr_table_base_pixels;
#if defined(__x86_64__)
    case DR_LEVEL_V3: return &dr_table_v3_pixels;
    case DR_LEVEL_V4: return &dr_table_v4_pixels;
#endif
    default: return 0;
    }
}
