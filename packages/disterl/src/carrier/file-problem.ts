/**
 * Why a file or folder that a setting names cannot be used, and what to do: from the error of the
 * system. Of a relative path it is told where it begins.
 */
export function fileProblem(path: string, cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code ?? "error";
  switch (code) {
    case "ENOENT":
      return `it does not exist (ENOENT)${elsewhere(path)}; check the path`;
    case "EACCES":
      return `this user${userId()} may not read it (EACCES); check the owner and mode of the file and of its folders`;
    default:
      return `it cannot be read (${code})${elsewhere(path)}`;
  }
}

function elsewhere(path: string): string {
  if (/^~|\$/.test(path)) return ": ~ and variables are not replaced";
  const isFull = /^(?:\/|\\|[A-Za-z]:)/.test(path);
  return isFull ? "" : `: it counts from ${process.cwd()}, where the program was started`;
}

function userId(): string {
  const id = process.getuid?.();
  return id === undefined ? "" : ` (uid ${id})`;
}
