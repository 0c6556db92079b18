/* Which mutants of a library that has them all a process runs: their numbers, of which 0 is none; and which mutants would
 * have differed from it in some number. What reaches the limit of the processor's time says so, since the program that
 * started it sees a crash like others. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_NUMBERS = 65536 };

unsigned procbuf_chosen_mutants[2];
static unsigned char unread[MOST_NUMBERS];
unsigned char *procbuf_differs = unread;

static void say_endless(int signal_number)
{
    static const char text[] = "PROCBUF-MUTANT endless\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

__attribute__((constructor)) static void choose(void)
{
    char *text = getenv("PROCBUF_MUTANTS");
    for (unsigned i = 0; i < 2 && text != NULL && *text != '\0'; i++) {
        procbuf_chosen_mutants[i] = (unsigned)strtoul(text, &text, 10);
        text += *text == ',';
    }
    (void)signal(SIGXCPU, say_endless);
}

/* In a file that is as long, so that no process has to end in any special way. */
__attribute__((constructor)) static void note_in_file(void)
{
    const char *name = getenv("PROCBUF_DIFFERING");
    if (name == NULL)
        return;
    const int file = open(name, O_RDWR);
    procbuf_differs = mmap(NULL, MOST_NUMBERS, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file < 0 || procbuf_differs == MAP_FAILED || close(file) != 0)
        abort();
}
