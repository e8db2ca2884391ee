/* The three operations of trees.py and the one of inventories.py, each one call without the
 * interpreter's lock; a system call that Python lacks, for renames.py; and one word to the C
 * library's allocator, for native.py.
 *
 * A thread that unpacks an archive makes ten system calls a file. From Python each of them gives
 * the lock away and has to win it back, against the thread that resolves. Here a whole tree is one
 * such pause. What is written, where and with which mode has been decided by then: this file
 * knows no rule, and no format but that of inventories. trees.py and inventories.py do the same
 * without it.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

typedef struct {
    PyObject *owner; /* the encoded path, a bytes object that keeps `path` alive */
    const char *path;
    PyObject *target_owner;
    const char *target;
    int mode;
    Py_buffer data;
} Entry;

typedef struct {
    Py_ssize_t count;
    Entry *entries;
} Entries;

static int encoded(PyObject *text, PyObject **owner, const char **path)
{
    if (!PyUnicode_FSConverter(text, owner))
        return 0;
    *path = PyBytes_AS_STRING(*owner);
    return 1;
}

static void release(Entries *list)
{
    for (Py_ssize_t i = 0; i < list->count; i++) {
        Py_XDECREF(list->entries[i].owner);
        Py_XDECREF(list->entries[i].target_owner);
        PyBuffer_Release(&list->entries[i].data); /* nothing where there is no buffer */
    }
    PyMem_Free(list->entries);
    list->entries = NULL;
    list->count = 0;
}

/* `kind` says what the items are: 'p' paths, 'f' (path, mode, data), 's' (path, target). */
static int read_entries(PyObject *items, char kind, Entries *list)
{
    PyObject *fast = PySequence_Fast(items, "a sequence of entries is needed");
    if (!fast)
        return 0;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(fast);
    list->entries = PyMem_Calloc(count ? count : 1, sizeof(Entry));
    if (!list->entries) {
        Py_DECREF(fast);
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(fast, i), *path = item, *second = NULL;
        Entry *entry = &list->entries[list->count++];
        int good = 1;
        if (kind == 'f')
            good = PyArg_ParseTuple(item, "Oiy*", &path, &entry->mode, &entry->data);
        else if (kind == 's')
            good = PyArg_ParseTuple(item, "OO", &path, &second);
        good = good && encoded(path, &entry->owner, &entry->path);
        if (good && second)
            good = encoded(second, &entry->target_owner, &entry->target);
        if (!good) {
            Py_DECREF(fast);
            release(list);
            return 0;
        }
    }
    Py_DECREF(fast);
    return 1;
}

static int open_folder(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int write_all(int file, const char *data, Py_ssize_t size)
{
    while (size > 0) {
        ssize_t written = write(file, data, (size_t)size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        data += written;
        size -= written;
    }
    return 0;
}

static int write_file(int root, const Entry *entry)
{
    int file = openat(root, entry->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, entry->mode);
    if (file < 0)
        return -1;
    int result = write_all(file, entry->data.buf, entry->data.len);
    int code = errno;
    if (close(file) < 0)
        return -1;
    errno = code;
    return result;
}

static PyObject *raised(int code, const char *path)
{
    errno = code;
    return PyErr_SetFromErrnoWithFilename(PyExc_OSError, path);
}

/* `where` is the folder `root` itself, or relative to it. */
static PyObject *raised_below(int code, const char *root, const char *where)
{
    if (where == root)
        return raised(code, where);
    PyObject *joined = PyBytes_FromFormat("%s/%s", root, where);
    if (joined != NULL)
        raised(code, PyBytes_AS_STRING(joined));
    Py_XDECREF(joined);
    return NULL;
}

static PyObject *build(PyObject *self, PyObject *args)
{
    PyObject *root_owner = NULL, *folder_items, *file_items, *link_items, *result = NULL;
    Entries folders = {0}, files = {0}, links = {0};
    if (!PyArg_ParseTuple(args, "O&OOO", PyUnicode_FSConverter, &root_owner, &folder_items,
                          &file_items, &link_items))
        return NULL;
    if (!read_entries(folder_items, 'p', &folders) || !read_entries(file_items, 'f', &files) ||
        !read_entries(link_items, 's', &links))
        goto done;
    const char *where = PyBytes_AS_STRING(root_owner);
    int code = 0;
    Py_BEGIN_ALLOW_THREADS
    int root = open_folder(where);
    if (root < 0)
        code = errno;
    for (Py_ssize_t i = 0; !code && i < folders.count; i++)
        if (mkdirat(root, where = folders.entries[i].path, 0777) < 0)
            code = errno;
    for (Py_ssize_t i = 0; !code && i < files.count; i++) {
        where = files.entries[i].path;
        if (write_file(root, &files.entries[i]) < 0)
            code = errno;
    }
    for (Py_ssize_t i = 0; !code && i < links.count; i++)
        if (symlinkat(links.entries[i].target, root, where = links.entries[i].path) < 0)
            code = errno;
    if (root >= 0)
        close(root);
    Py_END_ALLOW_THREADS
    result = code ? raised_below(code, PyBytes_AS_STRING(root_owner), where) : Py_NewRef(Py_None);
done:
    release(&folders);
    release(&files);
    release(&links);
    Py_DECREF(root_owner);
    return result;
}

static PyObject *link_files(PyObject *self, PyObject *args)
{
    PyObject *from_owner = NULL, *to_owner = NULL, *items, *result = NULL;
    Entries paths = {0};
    if (!PyArg_ParseTuple(args, "O&O&O", PyUnicode_FSConverter, &from_owner,
                          PyUnicode_FSConverter, &to_owner, &items)) {
        Py_XDECREF(from_owner); /* the one that was converted before the other was refused */
        return NULL;
    }
    if (!read_entries(items, 'p', &paths))
        goto done;
    const char *where = NULL;
    int code = 0;
    Py_ssize_t linked = 0;
    Py_BEGIN_ALLOW_THREADS
    int from = open_folder(PyBytes_AS_STRING(from_owner)), to = -1;
    if (from < 0) {
        code = errno;
        where = PyBytes_AS_STRING(from_owner);
    } else if ((to = open_folder(PyBytes_AS_STRING(to_owner))) < 0) {
        code = errno;
        where = PyBytes_AS_STRING(to_owner);
    }
    if (!code) {
        for (; linked < paths.count; linked++) {
            const char *path = paths.entries[linked].path;
            if (linkat(from, path, to, path, 0) < 0) {
                code = errno;
                break;
            }
        }
    }
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    Py_END_ALLOW_THREADS
    result = where ? raised(code, where) : Py_BuildValue("ni", linked, code);
done:
    release(&paths);
    Py_DECREF(from_owner);
    Py_DECREF(to_owner);
    return result;
}

static PyObject *set_modes(PyObject *self, PyObject *args)
{
    PyObject *root_owner = NULL, *items, *result = NULL;
    Entries paths = {0};
    int mode;
    if (!PyArg_ParseTuple(args, "O&Oi", PyUnicode_FSConverter, &root_owner, &items, &mode))
        return NULL;
    if (!read_entries(items, 'p', &paths))
        goto done;
    const char *where = PyBytes_AS_STRING(root_owner);
    int code = 0;
    Py_BEGIN_ALLOW_THREADS
    int root = open_folder(where);
    if (root < 0)
        code = errno;
    for (Py_ssize_t i = 0; !code && i < paths.count; i++)
        if (fchmodat(root, where = paths.entries[i].path, (mode_t)mode, 0) < 0)
            code = errno;
    if (root >= 0)
        close(root);
    Py_END_ALLOW_THREADS
    result = code ? raised_below(code, PyBytes_AS_STRING(root_owner), where) : Py_NewRef(Py_None);
done:
    release(&paths);
    Py_DECREF(root_owner);
    return result;
}

enum { COMPLETE, LACKING, UNKNOWN }; /* as in inventories.py */
enum { FRONT_MOST = 16 };

/* Whether an entry is about a manifest: of those, none is too many to look at. */
static int is_manifest(const char *entry, size_t length)
{
    static const char name[] = "/package.json";
    return length >= sizeof name - 1 && strcmp(entry + length - (sizeof name - 1), name) == 0;
}

/* The whole of a file below `folder`, with a zero behind it; NULL with errno set. */
static char *read_whole(int folder, const char *name, size_t *size)
{
    struct stat seen;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return NULL;
    char *data = NULL;
    if (fstat(file, &seen) == 0 && S_ISREG(seen.st_mode) &&
        (data = malloc((size_t)seen.st_size + 1)) != NULL) {
        size_t got = 0;
        ssize_t more = 0;
        while (got < (size_t)seen.st_size &&
               (more = read(file, data + got, (size_t)seen.st_size - got)) > 0)
            got += (size_t)more;
        data[got] = 0;
        *size = got;
    }
    close(file);
    if (!data)
        errno = EIO;
    return data;
}

static int look_at(int above, const char *name, const char *inventory, int front, int depth)
{
    int folder = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return LACKING;
    size_t size = 0;
    char *data = read_whole(folder, inventory, &size), *at = data;
    int state = data ? COMPLETE : errno == ENOENT ? UNKNOWN : LACKING;
    if (data && (size == 0 || data[size - 1] != 0))
        state = LACKING;
    int looks = 0;
    while (state == COMPLETE && at < data + size) {
        if (front && looks >= FRONT_MOST && *at != '-') {
            size_t length = strlen(at);
            if (!is_manifest(at, length)) {
                at += length + 1; /* enough was seen */
                continue;
            }
        }
        struct stat seen;
        char kind = *at, *path = at;
        long long said = kind ? strtoll(at + 1, &path, 10) : 0;
        if (*path != ' ')
            state = LACKING;
        else if (kind == '-' && front)
            break;
        else if (kind == 'd')
            state = depth && look_at(folder, path + 1, inventory, front, depth - 1) == LACKING
                        ? LACKING : COMPLETE;
        else if (kind != '-') {
            looks++;
            if (fstatat(folder, path + 1, &seen, AT_SYMLINK_NOFOLLOW) < 0 ||
                !((kind == 'l' && S_ISLNK(seen.st_mode)) ||
                  (kind == 'f' && S_ISREG(seen.st_mode))) ||
                (long long)seen.st_size != said)
                state = LACKING;
        }
        at = path + strlen(path) + 1;
    }
    free(data);
    close(folder);
    return state;
}

/* One comparison, by as many threads as there are processors, up to LOOKERS: each takes the next
 * folder that nobody has looked at. A look is a system call and nothing else, so two take half as
 * long. Fronts are so few looks that a thread would cost more than it saves. */
enum { LOOKERS = 4, FOLDERS_EACH = 4 };

typedef struct {
    int root, front;
    const char *inventory;
    Entries *names;
    atomic_size_t next;
} Comparison;

static void *look_at_each(void *said)
{
    Comparison *its = said;
    size_t i;
    while ((i = atomic_fetch_add(&its->next, 1)) < (size_t)its->names->count) {
        Entry *entry = &its->names->entries[i];
        entry->mode = its->root < 0
                          ? LACKING
                          : look_at(its->root, entry->path, its->inventory, its->front, 1);
    }
    return NULL;
}

static void compare_all(Comparison *its)
{
    pthread_t others[LOOKERS - 1];
    int count = 0;
    long most = sysconf(_SC_NPROCESSORS_ONLN);
    while (!its->front && count < LOOKERS - 1 && count + 1 < most &&
           its->names->count >= (count + 2) * FOLDERS_EACH &&
           pthread_create(&others[count], NULL, look_at_each, its) == 0)
        count++;
    look_at_each(its);
    while (count)
        pthread_join(others[--count], NULL);
}

static PyObject *compare(PyObject *self, PyObject *args)
{
    PyObject *root_owner = NULL, *items, *result = NULL;
    const char *inventory;
    int front;
    Entries names = {0};
    if (!PyArg_ParseTuple(args, "O&Osp", PyUnicode_FSConverter, &root_owner, &items, &inventory,
                          &front))
        return NULL;
    if (!read_entries(items, 'p', &names))
        goto done;
    Py_BEGIN_ALLOW_THREADS
    Comparison its = {.root = open_folder(PyBytes_AS_STRING(root_owner)), .front = front,
                      .inventory = inventory, .names = &names};
    compare_all(&its);
    if (its.root >= 0)
        close(its.root);
    Py_END_ALLOW_THREADS
    result = PyList_New(names.count);
    for (Py_ssize_t i = 0; result && i < names.count; i++) {
        PyObject *state = PyLong_FromLong(names.entries[i].mode);
        if (!state)
            Py_CLEAR(result);
        else
            PyList_SET_ITEM(result, i, state);
    }
done:
    release(&names);
    Py_DECREF(root_owner);
    return result;
}

/* The error number; 0 if the two have changed places. */
static PyObject *exchange(PyObject *self, PyObject *args)
{
    PyObject *first = NULL, *second = NULL;
    if (!PyArg_ParseTuple(args, "O&O&", PyUnicode_FSConverter, &first, PyUnicode_FSConverter,
                          &second)) {
        Py_XDECREF(first);
        return NULL;
    }
    int code = ENOSYS;
#if defined(__linux__) && defined(SYS_renameat2)
    code = 0;
    Py_BEGIN_ALLOW_THREADS
    if (syscall(SYS_renameat2, AT_FDCWD, PyBytes_AS_STRING(first), AT_FDCWD,
                PyBytes_AS_STRING(second), 2 /* RENAME_EXCHANGE */) < 0)
        code = errno;
    Py_END_ALLOW_THREADS
#endif
    Py_DECREF(first);
    Py_DECREF(second);
    return PyLong_FromLong(code);
}

static PyObject *return_buffers(PyObject *self, PyObject *args)
{
    int size;
    if (!PyArg_ParseTuple(args, "i", &size))
        return NULL;
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, size);
#endif
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"build", build, METH_VARARGS, "build(root, folders, files, links)"},
    {"link_files", link_files, METH_VARARGS, "link_files(source, target, paths)"},
    {"set_modes", set_modes, METH_VARARGS, "set_modes(root, paths, mode)"},
    {"compare", compare, METH_VARARGS, "compare(root, folders, inventory, front)"},
    {"exchange", exchange, METH_VARARGS, "exchange(first, second)"},
    {"return_buffers", return_buffers, METH_VARARGS, "return_buffers(size)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "graft.base._native", .m_size = 0, .m_methods = methods,
};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&module);
}
