import { expect, test } from "vitest";
import { fileProblem } from "./file-problem.ts";

const failure = (code: string): Error => Object.assign(new Error(code), { code });

test("a file that is not there is told with the path that was meant", () => {
  expect(fileProblem("/etc/app/node.pem", failure("ENOENT"))).toBe(
    "it does not exist (ENOENT); check the path",
  );
  expect(fileProblem("node.pem", failure("ENOENT"))).toContain(
    `(ENOENT): it counts from ${process.cwd()}, where the program was started`,
  );
  expect(fileProblem("~/node.pem", failure("ENOENT"))).toContain(
    "~ and variables are not replaced",
  );
  expect(fileProblem("$HOME/node.pem", failure("ENOENT"))).toContain("are not replaced");
});

test("a file that this user may not read is told with the user", () => {
  expect(fileProblem("/etc/app/node.pem", failure("EACCES"))).toBe(
    `this user (uid ${process.getuid?.()}) may not read it (EACCES); check the owner and mode of the file and of its folders`,
  );
});

test("what else the system says is told by its code", () => {
  expect(fileProblem("/etc/app", failure("EISDIR"))).toBe("it cannot be read (EISDIR)");
  expect(fileProblem("/etc/app", new Error("odd"))).toBe("it cannot be read (error)");
});
