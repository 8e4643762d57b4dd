/** A question to a running daemon. */
export type EpmdQuestion =
  | { readonly kind: "names" | "started" | "dump" | "kill" }
  | { readonly kind: "stop"; readonly name: string };

/** What the arguments ask for. */
export interface EpmdArguments {
  /** `undefined`: run a daemon. */
  question: EpmdQuestion | undefined;
  /** From `-port`. */
  port: number | undefined;
  /** From `-address`: the list as it was given. */
  addresses: string | undefined;
  daemon: boolean;
  relaxed: boolean;
  systemd: boolean;
  /** How many `-d`. */
  debug: number;
  packetTimeoutSeconds: number;
  delayAcceptSeconds: number;
  delayWriteSeconds: number;
}

/** Timers of the platform hold no more milliseconds than 2^31 - 1. */
const MAX_SECONDS = 2_147_483;

type ValueOption = (parsed: EpmdArguments, value: string) => boolean;

const FLAGS: Readonly<Record<string, (parsed: EpmdArguments) => void>> = {
  "-d": (parsed) => {
    parsed.debug += 1;
  },
  "-debug": (parsed) => {
    parsed.debug += 1;
  },
  "-daemon": (parsed) => {
    parsed.daemon = true;
  },
  "-relaxed_command_check": (parsed) => {
    parsed.relaxed = true;
  },
  "-systemd": (parsed) => {
    parsed.systemd = true;
  },
};

const OPTIONS: Readonly<Record<string, ValueOption>> = {
  "-port": (parsed, value) => {
    const port = positive(value, 0xffff);
    if (port !== undefined) parsed.port = port;
    return port !== undefined;
  },
  "-address": (parsed, value) => {
    parsed.addresses = value;
    return true;
  },
  "-packet_timeout": seconds((parsed, value) => {
    parsed.packetTimeoutSeconds = value;
  }),
  "-delay_accept": seconds((parsed, value) => {
    parsed.delayAcceptSeconds = value;
  }),
  "-delay_write": seconds((parsed, value) => {
    parsed.delayWriteSeconds = value;
  }),
};

const QUESTIONS: Readonly<Record<string, EpmdQuestion>> = {
  "-names": { kind: "names" },
  "-started": { kind: "started" },
  "-dump": { kind: "dump" },
  "-kill": { kind: "kill" },
};

/**
 * Reads the arguments of epmd; a question has to be the last of them, as with the daemon of OTP.
 * @returns `undefined` when they make no sense.
 */
export function parseArguments(argv: readonly string[]): EpmdArguments | undefined {
  const parsed = nothingGiven();
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    const flag = FLAGS[word];
    const option = OPTIONS[word];
    if (flag !== undefined) {
      flag(parsed);
    } else if (option !== undefined) {
      at += 1;
      const value = argv[at];
      if (value === undefined || !option(parsed, value)) return undefined;
    } else {
      parsed.question = questionOf(argv.slice(at));
      return parsed.question === undefined ? undefined : parsed;
    }
  }
  return parsed;
}

function nothingGiven(): EpmdArguments {
  return {
    question: undefined,
    port: undefined,
    addresses: undefined,
    daemon: false,
    relaxed: false,
    systemd: false,
    debug: 0,
    packetTimeoutSeconds: 60,
    delayAcceptSeconds: 0,
    delayWriteSeconds: 0,
  };
}

function questionOf(rest: readonly string[]): EpmdQuestion | undefined {
  const [word = "", name] = rest;
  if (word === "-stop" && name !== undefined && rest.length === 2) return { kind: "stop", name };
  return rest.length === 1 ? QUESTIONS[word] : undefined;
}

function seconds(set: (parsed: EpmdArguments, value: number) => void): ValueOption {
  return (parsed, text) => {
    const value = positive(text, MAX_SECONDS);
    if (value !== undefined) set(parsed, value);
    return value !== undefined;
  };
}

function positive(text: string, most: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= 1 && value <= most ? value : undefined;
}
