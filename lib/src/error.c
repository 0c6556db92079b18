/* Names and translation of errors. Contract: E1, E2. */
#include "implementation.h"

#include <procbuf/error.h>

const char *procbuf_error_name(enum procbuf_error error)
{
    switch (error) {
    case PROCBUF_OK: return "OK";
    case PROCBUF_FAIL: return "FAIL";
    case PROCBUF_BUSY: return "BUSY";
    case PROCBUF_ALREADY: return "ALREADY";
    case PROCBUF_OFF: return "OFF";
    case PROCBUF_RESERVE: return "RESERVE";
    case PROCBUF_INVAL: return "INVAL";
    case PROCBUF_SIZE: return "SIZE";
    case PROCBUF_CANCEL: return "CANCEL";
    case PROCBUF_NOMEM: return "NOMEM";
    case PROCBUF_NOSUPPORT: return "NOSUPPORT";
    case PROCBUF_NODEVICE: return "NODEVICE";
    case PROCBUF_UNINSTALLED: return "UNINSTALLED";
    case PROCBUF_NOACK: return "NOACK";
    case PROCBUF_NO_SUCH_APP: return "NO_SUCH_APP";
    case PROCBUF_OUT_OF_MEMORY: return "OUT_OF_MEMORY";
    case PROCBUF_ADDRESS_OUT_OF_BOUNDS: return "ADDRESS_OUT_OF_BOUNDS";
    case PROCBUF_INACTIVE_APP: return "INACTIVE_APP";
    case PROCBUF_KERNEL_ERROR: return "KERNEL_ERROR";
    case PROCBUF_ALREADY_IN_USE: return "ALREADY_IN_USE";
    }
    return "?";
}

enum procbuf_error procbuf_error_to_code(enum procbuf_error error)
{
    if ((unsigned)error <= PROCBUF_NOACK)
        return error;
    if (error == PROCBUF_OUT_OF_MEMORY)
        return PROCBUF_NOMEM;
    if (error == PROCBUF_ADDRESS_OUT_OF_BOUNDS || error == PROCBUF_NO_SUCH_APP)
        return PROCBUF_INVAL;
    return PROCBUF_FAIL;
}
