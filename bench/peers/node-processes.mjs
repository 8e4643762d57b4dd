/** Processes within one node, as commands of a node of ours: how fast, and how large. */
import { atom, match, t } from "disterl";
import { inProcess, timed, turn, until } from "./node-timing.mjs";

const STOP = atom("stop");
const MORE = atom("more");
const ASK = atom("ask");
const ANSWER = atom("answer");
const WAITING = atom("waiting");

/** Processes that are started before the first of them is waited for. */
const BATCH = 1000;
/** Messages that are sent before the receiver says that it wants more. */
const WINDOW = 1000;

/** Starts processes that end: the last one calls back. `self` is who starts them. */
const spawning = {
  body(node, self, count, ended) {
    for (let i = 1; i < count; i++) node.spawn(() => {});
    node.spawn(() => ended());
  },
  "async body"(node, self, count, ended) {
    for (let i = 1; i < count; i++) node.spawn(async () => {});
    node.spawn(async () => ended());
  },
  onMessage(node, self, count, ended) {
    const stop = (_, child) => child.exit();
    for (let i = 1; i < count; i++) self.send(node.spawn({ onMessage: stop }).pid, STOP);
    const last = (_, child) => {
      child.exit();
      ended();
    };
    self.send(node.spawn({ onMessage: last }).pid, STOP);
  },
  bare(node, self, count, ended) {
    for (let i = 1; i < count; i++) node.spawn().exit();
    ended();
  },
};

/** Processes that do nothing and wait for a message. */
const idling = {
  receive: (node) => node.spawn(waitingBody),
  "for await": (node) => node.spawn(iteratingBody),
  onMessage: (node) => node.spawn({ onMessage: (_, self) => self.exit() }),
  bare: (node) => node.spawn(),
};

async function waitingBody(self) {
  await self.receive();
}

async function iteratingBody(self) {
  for await (const message of self) if (message === STOP) return;
}

/** Who counts messages, and asks for more after each {@link WINDOW} of them. */
const counting = {
  onMessage(node) {
    let count = 0;
    return node.spawn({
      onMessage([, from], self) {
        if (++count % WINDOW === 0) self.send(from, MORE);
      },
    });
  },
  receive: (node) => countingBody(node, (self) => self.receive()),
  "receive(pattern)": (node) =>
    countingBody(node, (self) => self.receive(t(match.integer, match.pid))),
  "for await": (node) =>
    node.spawn(async (self) => {
      let count = 0;
      for await (const [, from] of self) if (++count % WINDOW === 0) self.send(from, MORE);
    }),
};

function countingBody(node, receive) {
  return node.spawn(async (self) => {
    for (let count = 1; ; count++) {
      const [, from] = await receive(self);
      if (count % WINDOW === 0) self.send(from, MORE);
    }
  });
}

/** Answers, and gets the next question. */
const bouncing = {
  onMessage: (node) => node.spawn({ onMessage: (from, self) => self.send(from, self.pid) }),
  receive: (node) =>
    node.spawn(async (self) => {
      for (;;) self.send(await self.receive(), self.pid);
    }),
};

/** Takes the answer to one question out of a full mailbox. */
const asking = {
  async reference(self, to) {
    const ref = self.monitor(to);
    self.send(to, t(ASK, self.pid, ref));
    await self.receive(t(ref, match.any));
    self.demonitor(ref, { flush: true });
  },
  async pattern(self, to) {
    self.send(to, t(ASK, self.pid, ANSWER));
    await self.receive(t(ANSWER, match.any));
  },
  /** The answer is there before it is asked for: behind all the others. */
  async "pattern, at the end"(self) {
    self.send(self.pid, t(ANSWER, 0));
    await self.receive(t(ANSWER, match.any));
  },
  async shift(self) {
    await self.receive();
    self.send(self.pid, t(WAITING, 0));
  },
};

/** @param node a node of ours */
export function processCommands(node) {
  return {
    /** Starts processes, and they end. */
    spawns: ({ form, count }) =>
      inProcess(node, async (self) => {
        const before = node.processes().length;
        const figure = await timed(async () => {
          for (let left = count; left > 0; left -= BATCH) {
            const batch = Math.min(left, BATCH);
            await new Promise((ended) => spawning[form](node, self, batch, ended));
          }
        });
        await until(() => node.processes().length <= before + 1);
        return figure;
      }),

    /** Bytes of the collector's memory, and of the system's, for each of many that wait. */
    async idle({ form, count }) {
      const before = await memory();
      for (let i = 0; i < count; i++) idling[form](node);
      const after = await memory();
      await endAllSince(node, before.processes);
      return {
        bytes: (after.used - before.used) / count,
        resident: (after.resident - before.resident) / count,
      };
    },

    /** Messages one way, from one process to another. */
    local: ({ form, count }) =>
      inProcess(node, async (self) => {
        const counter = counting[form](node);
        const message = t(17, self.pid);
        const figure = await timed(async () => {
          for (let sent = 0; sent < count; sent += WINDOW) {
            for (let i = 0; i < WINDOW; i++) self.send(counter.pid, message);
            await self.receive();
          }
        });
        counter.exit();
        return figure;
      }),

    /** Messages there and back between two processes. */
    bounce: ({ form, count }) =>
      inProcess(node, async () => {
        const partner = bouncing[form](node);
        let ended;
        const all = new Promise((resolve) => {
          ended = resolve;
        });
        const player = bouncer(node, form, partner, count, () => ended());
        const figure = await timed(() => {
          player.send(partner.pid, player.pid);
          return all;
        });
        partner.exit();
        player.exit();
        return figure;
      }),

    /** Messages taken out of a mailbox in which `waiting` others stay. */
    mailbox: ({ how, waiting, count }) =>
      inProcess(node, async (self) => {
        for (let i = 0; i < waiting; i++) self.send(self.pid, t(WAITING, i));
        const server = node.spawn({
          onMessage: ([, from, tag], server) => server.send(from, t(tag, 0)),
        });
        const figure = await timed(async () => {
          for (let i = 0; i < count; i++) await asking[how](self, server.pid);
        });
        if (self.messageQueueLength !== waiting) throw new Error("not all of the messages stayed");
        server.exit();
        return figure;
      }),
  };

  /** Used after a full collection; and what waits was given its turn before. */
  async function memory() {
    for (let i = 0; i < 100; i++) await turn();
    for (let i = 0; i < 2; i++) globalThis.gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { used: heapUsed + external, resident: rss, processes: new Set(node.processes()) };
  }
}

async function endAllSince(node, before) {
  await inProcess(node, async (self) => {
    for (const pid of node.processes()) {
      if (!before.has(pid) && !pid.equals(self.pid)) self.exitSignal(pid, STOP);
    }
  });
}

function bouncer(node, form, partner, count, ended) {
  let left = count;
  if (form === "onMessage") {
    return node.spawn({
      onMessage(from, self) {
        if (--left === 0) ended();
        else self.send(from, self.pid);
      },
    });
  }
  return node.spawn(async (self) => {
    for (; left > 0; left--) self.send(await self.receive(), self.pid);
    ended();
  });
}
