# A Cortex-M3 without an operating system: QEMU's mps2-an385. Files and output go through
# semihosting, by newlib's rdimon.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# There uint32_t is a long, of the same size: formats may say either. newlib's <stdint.h> has to come
# before gcc's, which its <inttypes.h> does not know.
set(CMAKE_C_FLAGS_INIT "-isystem /usr/include/newlib -Wno-format -mcpu=cortex-m3 -mthumb -DARENA_BASE=0x21000000u -DARENA_SMALL_ONLY -ffunction-sections")
set(CMAKE_EXE_LINKER_FLAGS_INIT
  "--specs=rdimon.specs -nostartfiles -T ${CMAKE_CURRENT_LIST_DIR}/mps2.ld ${CMAKE_CURRENT_LIST_DIR}/start.c -Wl,--gc-sections")
