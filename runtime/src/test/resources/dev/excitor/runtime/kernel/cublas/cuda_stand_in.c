/*
 * Stands in for libcudart and libcublas in tests: computes on the CPU, checks every argument, counts what is taken and
 * not given back, and fails where it is told to. What is wrong with a call is kept as a sentence, see stand_in_fault.
 *
 * A stream's work waits until something waits for it (lazy), or happens when it is put in (eager): a real device is
 * somewhere between, so that what is right in both orders needs no luck.
 *
 * With -DCUDA_RUNTIME_HEADER the declarations of the runtime are NVIDIA's, and the compiler compares.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef CUDA_RUNTIME_HEADER
#include <cuda_runtime_api.h>
#else
typedef int cudaError_t;
typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
enum cudaDeviceAttr { cudaDevAttrComputeCapabilityMajor = 75, cudaDevAttrComputeCapabilityMinor = 76 };
struct cudaDeviceProp { char name[256]; char more[768]; };
#define cudaStreamNonBlocking 1
#define cudaEventDisableTiming 2
#define cudaErrorMemoryAllocation 2
#endif

typedef struct cublasContext *cublasHandle_t;

/* The product looks for this name, and refuses a library that has it. */
int excitor_stand_in = 1;

/* ---------------------------------------------------------------- what is taken */

enum kind { DEVICE, HOST, STREAM, EVENT, HANDLE, KINDS };

struct thing {
    enum kind kind;
    char *start;
    size_t bytes;
    struct thing *next;
};

struct work {
    enum { COPY, MULTIPLY, RECORD, WAIT } what;
    void *target;
    const void *source;
    size_t bytes;
    int transposed, m, n, k, lda, ldb, ldc;
    float alpha;
    const void *b;
    cudaEvent_t event;
    long ticket;
    struct work *next;
};

struct CUstream_st {
    struct work *first, *last;
};

struct CUevent_st {
    long recorded, done;
    cudaStream_t stream;
};

struct cublasContext {
    cudaStream_t stream;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct thing *things;
static long live[KINDS];
static long device_bytes, device_total = 1L << 40;
static long calls, fail_from, fail_to, products[2];
static int fail_status, eager, devices = 1, wrong_product[2];
static char fault[512], failed_function[64];

/* Addresses of the device mean nothing to the host: whoever reads through one is ended by the system. */
static const uintptr_t ON_DEVICE = (uintptr_t) 1 << 62;

static float halves[1 << 16];

/* What every half means, by its bits, once for all. */
__attribute__((constructor)) static void decode_halves(void) {
    for (uint32_t half = 0; half < 1 << 16; half++) {
        uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
        float number = exponent == 0 ? fraction * 0x1p-24f : 0;
        if (exponent) {
            uint32_t bits = (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
            memcpy(&number, &bits, sizeof number);
        }
        halves[half] = half >> 15 ? -number : number;
    }
}

static char *host(const void *device_pointer) { return (char *) ((uintptr_t) device_pointer & ~ON_DEVICE); }

static int wrong(const char *function, const char *format, ...) {
    if (!fault[0]) {
        int used = snprintf(fault, sizeof fault, "%s: ", function);
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(fault + used, sizeof fault - used, format, arguments);
        va_end(arguments);
    }
    return 1; /* cudaErrorInvalidValue */
}

/* Counts a call; whether it is one of those that fail. */
static int fails(const char *function) {
    calls++;
    if (calls < fail_from || calls > fail_to) return 0;
    if (!failed_function[0]) snprintf(failed_function, sizeof failed_function, "%s", function);
    return 1;
}

static void *take(enum kind kind, size_t bytes) {
    struct thing *thing = calloc(1, sizeof *thing);
    thing->kind = kind;
    thing->start = calloc(1, bytes ? bytes : 1);
    thing->bytes = bytes;
    thing->next = things;
    things = thing;
    live[kind]++;
    if (kind == DEVICE) {
        device_bytes += bytes;
        /* halves and floats that are not numbers, as far as it takes no time */
        memset(thing->start, 0x7f, bytes < 1 << 20 ? bytes : 1 << 20);
        return (void *) ((uintptr_t) thing->start | ON_DEVICE);
    }
    return thing->start;
}

static int is_live(enum kind kind, const void *pointer, size_t bytes) {
    const char *start = pointer;
    if (kind == DEVICE) {
        if (!((uintptr_t) pointer & ON_DEVICE)) return 0;
        start = host(pointer);
    }
    for (struct thing *thing = things; thing; thing = thing->next) {
        if (thing->kind == kind && start >= thing->start && start + bytes <= thing->start + thing->bytes) return 1;
    }
    return 0;
}

static int give(const char *function, enum kind kind, void *pointer) {
    char *start = kind == DEVICE ? host(pointer) : pointer;
    for (struct thing **at = &things; *at; at = &(*at)->next) {
        struct thing *thing = *at;
        if (thing->kind == kind && thing->start == start) {
            *at = thing->next;
            live[kind]--;
            if (kind == DEVICE) device_bytes -= thing->bytes;
            free(thing->start);
            free(thing);
            return 0;
        }
    }
    return wrong(function, "%p is not there to be given back", pointer);
}

/* ---------------------------------------------------------------- streams */

static void run_until(cudaStream_t stream, cudaEvent_t event, long ticket);

static void perform(struct work *work) {
    switch (work->what) {
        case COPY:
            memcpy(host(work->target), host(work->source), work->bytes);
            break;
        case MULTIPLY: {
            const uint16_t *a = (const uint16_t *) host(work->source), *b = (const uint16_t *) host(work->b);
            float *c = (float *) host(work->target);
            for (int j = 0; j < work->n; j++) {
                for (int i = 0; i < work->m; i++) {
                    float sum = 0;
                    for (int l = 0; l < work->k; l++) {
                        size_t at = work->transposed ? (size_t) i * work->lda + l : (size_t) l * work->lda + i;
                        sum += halves[a[at]] * halves[b[(size_t) j * work->ldb + l]];
                    }
                    c[(size_t) j * work->ldc + i] = work->alpha * sum + (wrong_product[work->transposed] && i == 1 && j == 1);
                }
            }
            break;
        }
        case RECORD:
            if (is_live(EVENT, work->event, 0) && work->event->done < work->ticket) work->event->done = work->ticket;
            break;
        case WAIT:
            if (is_live(EVENT, work->event, 0)) run_until(work->event->stream, work->event, work->ticket);
            break;
    }
}

static int step(cudaStream_t stream) {
    struct work *work = stream->first;
    if (!work) return 0;
    stream->first = work->next;
    if (!stream->first) stream->last = NULL;
    perform(work);
    free(work);
    return 1;
}

static void run_until(cudaStream_t stream, cudaEvent_t event, long ticket) {
    while (event->done < ticket && is_live(STREAM, stream, 0) && step(stream)) continue;
}

static void run_all(void) {
    for (struct thing *thing = things; thing; thing = thing->next) {
        if (thing->kind == STREAM) {
            while (step((cudaStream_t) thing->start)) continue;
        }
    }
}

static void put(cudaStream_t stream, struct work work) {
    struct work *kept = malloc(sizeof work);
    *kept = work;
    kept->next = NULL;
    if (stream->last) stream->last->next = kept;
    else stream->first = kept;
    stream->last = kept;
    while (eager && step(stream)) continue;
}

/* ---------------------------------------------------------------- the runtime */

#define BEGIN(function)                     \
    const char *name = #function;           \
    pthread_mutex_lock(&lock);              \
    int status = 0;                         \
    if (fails(name)) status = fail_status;  \
    else {
#define END                      \
    }                            \
    pthread_mutex_unlock(&lock); \
    (void) name;                 \
    return status;

const char *cudaGetErrorString(cudaError_t error) {
    return error == cudaErrorMemoryAllocation ? "out of memory" : error == 35 ? "the driver is too old" : "a fault of the test";
}

cudaError_t cudaGetLastError(void) { return 0; }

cudaError_t cudaRuntimeGetVersion(int *version) {
    BEGIN(cudaRuntimeGetVersion) *version = 12040; END
}

cudaError_t cudaDriverGetVersion(int *version) {
    BEGIN(cudaDriverGetVersion) *version = 12080; END
}

cudaError_t cudaGetDeviceCount(int *count) {
    BEGIN(cudaGetDeviceCount) *count = devices; END
}

/* Version 12 has one with a larger structure under a name of its own, version 13 has that under the old name. */
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device) {
    BEGIN(cudaGetDeviceProperties) status = wrong(name, "of version 11, %p, %d", (void *) properties, device); END
}

cudaError_t cudaGetDeviceProperties_v2(struct cudaDeviceProp *properties, int device) {
    BEGIN(cudaGetDeviceProperties_v2)
    if (device != 0) status = wrong(name, "there is no device %d", device);
    else strcpy(properties->name, "Stand-in 1000");
    END
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
    BEGIN(cudaDeviceGetAttribute)
    if (device != 0) status = wrong(name, "there is no device %d", device);
    else if (attribute == cudaDevAttrComputeCapabilityMajor) *value = 9;
    else if (attribute == cudaDevAttrComputeCapabilityMinor) *value = 1;
    else status = wrong(name, "nobody should want attribute %d", (int) attribute);
    END
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total) {
    BEGIN(cudaMemGetInfo)
    *free_bytes = device_total - device_bytes;
    *total = device_total;
    END
}

cudaError_t cudaMalloc(void **pointer, size_t bytes) {
    BEGIN(cudaMalloc)
    if (!bytes) status = wrong(name, "no bytes");
    else if (device_bytes + (long) bytes > device_total) status = cudaErrorMemoryAllocation;
    else *pointer = take(DEVICE, bytes);
    END
}

cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned flags) {
    BEGIN(cudaHostAlloc)
    if (!bytes || flags) status = wrong(name, "%zu bytes, flags %u", bytes, flags);
    else *pointer = take(HOST, bytes);
    END
}

cudaError_t cudaFree(void *pointer) {
    BEGIN(cudaFree) run_all(); status = give(name, DEVICE, pointer); END
}

cudaError_t cudaFreeHost(void *pointer) {
    BEGIN(cudaFreeHost) run_all(); status = give(name, HOST, pointer); END
}

cudaError_t cudaMemcpyAsync(void *target, const void *source, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream) {
    BEGIN(cudaMemcpyAsync)
    int up = kind == cudaMemcpyHostToDevice;
    if (!up && kind != cudaMemcpyDeviceToHost) status = wrong(name, "kind %d", (int) kind);
    else if (!bytes) status = wrong(name, "no bytes");
    else if (!is_live(up ? DEVICE : HOST, target, bytes)) status = wrong(name, "no room for %zu bytes at %p", bytes, target);
    else if (!is_live(up ? HOST : DEVICE, source, bytes)) status = wrong(name, "no %zu bytes at %p", bytes, source);
    else if (!is_live(STREAM, stream, 0)) status = wrong(name, "no stream %p", (void *) stream);
    else put(stream, (struct work) {.what = COPY, .target = target, .source = source, .bytes = bytes});
    END
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
    BEGIN(cudaStreamCreateWithFlags)
    if (flags != cudaStreamNonBlocking) status = wrong(name, "flags %u", flags);
    else *stream = take(STREAM, sizeof **stream);
    END
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
    BEGIN(cudaStreamWaitEvent)
    if (flags || !is_live(STREAM, stream, 0) || !is_live(EVENT, event, 0)) status = wrong(name, "an argument");
    else put(stream, (struct work) {.what = WAIT, .event = event, .ticket = event->recorded});
    END
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    BEGIN(cudaStreamDestroy)
    if (is_live(STREAM, stream, 0)) {
        while (step(stream)) continue;
    }
    status = give(name, STREAM, stream);
    END
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
    BEGIN(cudaEventCreateWithFlags)
    if (flags != cudaEventDisableTiming) status = wrong(name, "flags %u", flags);
    else *event = take(EVENT, sizeof **event);
    END
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    BEGIN(cudaEventRecord)
    if (!is_live(STREAM, stream, 0) || !is_live(EVENT, event, 0)) status = wrong(name, "an argument");
    else {
        event->recorded++;
        event->stream = stream;
        put(stream, (struct work) {.what = RECORD, .event = event, .ticket = event->recorded});
    }
    END
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    BEGIN(cudaEventSynchronize)
    if (!is_live(EVENT, event, 0) || !event->recorded) status = wrong(name, "an event that was never recorded");
    else run_until(event->stream, event, event->recorded);
    END
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    BEGIN(cudaEventDestroy) status = give(name, EVENT, event); END
}

cudaError_t cudaDeviceSynchronize(void) {
    BEGIN(cudaDeviceSynchronize) run_all(); END
}

/* ---------------------------------------------------------------- cuBLAS */

int cublasCreate_v2(cublasHandle_t *handle) {
    BEGIN(cublasCreate_v2) *handle = take(HANDLE, sizeof **handle); END
}

int cublasDestroy_v2(cublasHandle_t handle) {
    BEGIN(cublasDestroy_v2) status = give(name, HANDLE, handle); END
}

int cublasGetProperty(int type, int *value) {
    BEGIN(cublasGetProperty)
    if (type < 0 || type > 2) status = wrong(name, "property %d", type);
    else *value = type == 0 ? 12 : type == 1 ? 4 : 5;
    END
}

int cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
    BEGIN(cublasSetStream_v2)
    if (!is_live(HANDLE, handle, 0) || !is_live(STREAM, stream, 0)) status = wrong(name, "an argument");
    else handle->stream = stream;
    END
}

int cublasGemmEx(cublasHandle_t handle, int transa, int transb, int m, int n, int k, const void *alpha, const void *A,
        int Atype, int lda, const void *B, int Btype, int ldb, const void *beta, void *C, int Ctype, int ldc,
        int compute, int algo) {
    /* A has its columns one behind the other: k numbers each of m where it is given transposed, m each of k if not */
    int across = transa ? k : m, along = transa ? m : k;
    BEGIN(cublasGemmEx)
    if (!is_live(HANDLE, handle, 0) || !handle->stream) status = wrong(name, "no handle with a stream");
    else if ((transa != 1 && transa != 0) || transb != 0) status = wrong(name, "operations %d and %d", transa, transb);
    else if (m < 1 || n < 1 || k < 1) status = wrong(name, "sizes %d, %d, %d", m, n, k);
    else if (Atype != 2 || Btype != 2 || Ctype != 0) status = wrong(name, "types %d, %d, %d", Atype, Btype, Ctype);
    else if (compute != 68 || algo != -1) status = wrong(name, "compute type %d, algorithm %d", compute, algo);
    else if (lda < across || ldb < k || ldc < m) status = wrong(name, "leading dimensions %d, %d, %d", lda, ldb, ldc);
    else if (!is_live(DEVICE, A, 2 * ((size_t) (along - 1) * lda + across))) status = wrong(name, "A is not all there");
    else if (!is_live(DEVICE, B, 2 * ((size_t) (n - 1) * ldb + k))) status = wrong(name, "B is not all there");
    else if (!is_live(DEVICE, C, 4 * ((size_t) (n - 1) * ldc + m))) status = wrong(name, "C is not all there");
    else if (!alpha || !beta || *(const float *) beta != 0) status = wrong(name, "alpha or beta");
    else {
        products[transa]++;
        put(handle->stream, (struct work) {.what = MULTIPLY, .target = C, .source = A, .b = B, .m = m, .n = n, .k = k,
                .transposed = transa, .lda = lda, .ldb = ldb, .ldc = ldc, .alpha = *(const float *) alpha});
    }
    END
}

/* ---------------------------------------------------------------- what tests say and ask */

/* Forgets everything. What is still taken was lost where giving it back was made to fail. */
void stand_in_reset(long total_bytes, int eagerly) {
    pthread_mutex_lock(&lock);
    while (things) {
        struct thing *lost = things;
        things = lost->next;
        free(lost->start);
        free(lost);
    }
    memset(live, 0, sizeof live);
    device_bytes = 0;
    device_total = total_bytes;
    eager = eagerly;
    calls = fail_from = fail_to = products[0] = products[1] = 0;
    fault[0] = failed_function[0] = 0;
    devices = 1;
    wrong_product[0] = wrong_product[1] = 0;
    pthread_mutex_unlock(&lock);
}

/* Lets calls number `from` to `to`, counted from 1 since the reset, return a status and do nothing. */
void stand_in_fail(long from, long to, int status) {
    pthread_mutex_lock(&lock);
    fail_from = from;
    fail_to = to;
    fail_status = status;
    pthread_mutex_unlock(&lock);
}

void stand_in_devices(int count) { devices = count; }

/* Lets one number of every product be wrong by one whose first matrix is given transposed, or is not. */
void stand_in_miscount(int transposed) { wrong_product[transposed] = 1; }

long stand_in_calls(void) { return calls; }

/* Products since the reset whose first matrix was given transposed, or was not. */
long stand_in_products(int transposed) { return products[transposed]; }

/* What was wrong with the first call that was wrong; empty if none was. */
const char *stand_in_fault(void) { return fault; }

/* Which function failed first because it was told to. */
const char *stand_in_failed_function(void) { return failed_function; }

/* Things that were taken and not given back: device memory, host memory, streams, events, handles. */
long stand_in_live(int kind) { return live[kind]; }

long stand_in_device_bytes(void) { return device_bytes; }
