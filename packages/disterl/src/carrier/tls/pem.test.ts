import { expect, test } from "vitest";
import { pemBlocks } from "./pem.ts";

const ONE = "-----BEGIN CERTIFICATE-----\nAQID\nBAUG\n-----END CERTIFICATE-----\n";

test("blocks, with the lines they begin on; what is between does not count", () => {
  const text = `\ufeffOur CA\n${ONE}# and\n\n-----BEGIN EC PRIVATE KEY-----\nAQ==\n-----END EC PRIVATE KEY-----`;
  expect(pemBlocks(text, "x")).toEqual([
    { label: "CERTIFICATE", text: ONE, line: 2 },
    {
      label: "EC PRIVATE KEY",
      text: "-----BEGIN EC PRIVATE KEY-----\nAQ==\n-----END EC PRIVATE KEY-----\n",
      line: 8,
    },
  ]);
  expect(pemBlocks("# nothing but comments\n", "x")).toEqual([]);
});

test.each(["\r\n", "\r", "\n  ", " \n", "\n\n"])("line ends %j are made good", (end) => {
  expect(pemBlocks(ONE.replaceAll("\n", end), "x")).toEqual([
    { label: "CERTIFICATE", text: ONE, line: 1 },
  ]);
});

test("the headers of an old encrypted key stay, with the empty line after them", () => {
  const head = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00";
  const text = `${head}\n\nAQID\n-----END RSA PRIVATE KEY-----\n`;
  expect(pemBlocks(text.replaceAll("\n", "\r\n"), "x")[0]?.text).toBe(text);
});

test.each([
  [ONE + ONE.slice(0, -20), /tls: server cacertfile: line 5: .*does not end/],
  [ONE.slice(0, 30) + ONE, /line 1: .*does not end/],
  [`${ONE.slice(10)}${ONE}`, /line 4: .*has no beginning/],
  [ONE.replace("END CERTIFICATE", "END X509 CRL"), /line 1: .*does not end/],
])("a block that is cut is not left out: %#", (text, message) => {
  expect(() => pemBlocks(text, "server cacertfile")).toThrow(message);
});

test("time is linear, whatever the text", () => {
  const hostile = [
    "-----BEGIN ".repeat(350_000),
    "-".repeat(4_000_000),
    `-----BEGIN ${"A ".repeat(2_000_000)}`,
    "-----BEGIN A-----\n".repeat(200_000),
    `-----BEGIN A-----${"\r".repeat(4_000_000)}`,
    `-----BEGIN A-----${" ".repeat(4_000_000)}-----END A-----`,
  ];
  const began = process.cpuUsage();
  for (const text of hostile) {
    try {
      pemBlocks(text, "x");
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_CARRIER_TLS_CONFIG" });
    }
  }
  expect(process.cpuUsage(began).user).toBeLessThan(5_000_000);
});
