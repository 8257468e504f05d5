/*
 * Remembers what of the files below SENDSTATE_SHADOWED is durable: LD_PRELOAD=power-loss.so.
 *
 * fsync and fdatasync of a file copy what it holds now to SENDSTATE_SHADOW/<inode>, and note its name; an fsync of the
 * folder notes all names as they are now (so that a rename counts from then on, and not before). A power loss is played
 * by putting the shadow back in the place of the files: what was never synced is gone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder(void) { return getenv("SENDSTATE_SHADOWED"); }
static const char *shadow(void) { return getenv("SENDSTATE_SHADOW"); }

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return 1;
}

static void copy(int from, const char *to) {
  char temporary[PATH_MAX + 8], buffer[65536];
  snprintf(temporary, sizeof temporary, "%s.new", to);
  int out = open(temporary, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (out < 0) return;
  off_t at = 0;
  ssize_t read_now;
  while ((read_now = pread(from, buffer, sizeof buffer, at)) > 0) {
    if (write(out, buffer, (size_t)read_now) != read_now) break;
    at += read_now;
  }
  close(out);
  rename(temporary, to);
}

/* names/<name> holds the inode that durably goes by that name. */
static void note_name(const char *name, unsigned long inode) {
  char to[PATH_MAX], temporary[PATH_MAX + 8];
  snprintf(to, sizeof to, "%s/names/%s", shadow(), name);
  snprintf(temporary, sizeof temporary, "%s.new", to);
  FILE *out = fopen(temporary, "w");
  if (out == NULL) return;
  fprintf(out, "%lu", inode);
  fclose(out);
  rename(temporary, to);
}

static void forget_names(void) {
  char names[PATH_MAX], entry[PATH_MAX * 2];
  snprintf(names, sizeof names, "%s/names", shadow());
  DIR *list = opendir(names);
  if (list == NULL) return;
  struct dirent *found;
  while ((found = readdir(list)) != NULL) {
    char live[PATH_MAX * 2];
    struct stat there;
    snprintf(live, sizeof live, "%s/%s", folder(), found->d_name);
    snprintf(entry, sizeof entry, "%s/%s", names, found->d_name);
    if (found->d_name[0] != '.' && stat(live, &there) != 0) unlink(entry);
  }
  closedir(list);
}

static void synced(int fd) {
  char path[PATH_MAX], to[PATH_MAX];
  struct stat it;
  if (folder() == NULL || shadow() == NULL || !path_of(fd, path) || fstat(fd, &it) != 0) return;
  size_t length = strlen(folder());
  if (S_ISDIR(it.st_mode) && strcmp(path, folder()) == 0) {
    DIR *list = opendir(path);
    if (list == NULL) return;
    struct dirent *found;
    while ((found = readdir(list)) != NULL) {
      struct stat entry;
      char live[PATH_MAX * 2];
      snprintf(live, sizeof live, "%s/%s", path, found->d_name);
      if (stat(live, &entry) == 0 && S_ISREG(entry.st_mode)) note_name(found->d_name, (unsigned long)entry.st_ino);
    }
    closedir(list);
    forget_names();
  } else if (S_ISREG(it.st_mode) && strncmp(path, folder(), length) == 0 && path[length] == '/') {
    int in = open(path, O_RDONLY);
    if (in < 0) return;
    snprintf(to, sizeof to, "%s/%lu", shadow(), (unsigned long)it.st_ino);
    copy(in, to);
    close(in);
    /* A new file's own sync makes its name durable too, as journalling file systems do; a name that is taken is not changed. */
    snprintf(to, sizeof to, "%s/names/%s", shadow(), path + length + 1);
    if (access(to, F_OK) != 0) note_name(path + length + 1, (unsigned long)it.st_ino);
  }
}

int fsync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  int answer = real(fd);
  if (answer == 0) synced(fd);
  return answer;
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  int answer = real(fd);
  if (answer == 0) synced(fd);
  return answer;
}
