// Where certificates and option files of TLS tests are made.
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OtpRelease, TestAuthority } from "disterl/testing";

/** The CA of a cluster and one that it does not trust, where a release, which may have a root folder of its own, can read them. */
export class TwoAuthorities implements Disposable {
  readonly authority: TestAuthority;
  readonly stranger: TestAuthority;
  readonly #root: string;
  #count = 0;

  constructor({ root }: OtpRelease) {
    this.#root = root ?? "";
    const folder = root === undefined ? tmpdir() : join(root, "tmp");
    this.authority = new TestAuthority("cluster CA", folder);
    this.stranger = new TestAuthority("another CA", folder);
  }

  /** Writes an option file; gives its path as we see it. */
  write(text: string): string {
    this.#count += 1;
    const path = join(this.authority.folder, `ssl-${this.#count}.conf`);
    writeFileSync(path, text);
    return path;
  }

  /** A path as the release sees it. */
  inside(path: string): string {
    return path.slice(this.#root.length);
  }

  [Symbol.dispose](): void {
    this.authority[Symbol.dispose]();
    this.stranger[Symbol.dispose]();
  }
}
