/** What Linux knows of a process: the same clock and the same scales for Erlang and for Node. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** CPU that all threads of a process have had so far, in microseconds. */
export function cpuOf(pid) {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(
      readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0],
    );
  }
  return nanoseconds / 1000;
}

/** Resident memory of a process now, and the most since {@link forgetPeak}, in bytes. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)[1]);
  return { now: kilobytes("VmRSS") * 1024, peak: kilobytes("VmHWM") * 1024 };
}

export function forgetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
