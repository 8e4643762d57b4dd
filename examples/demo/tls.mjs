// What the demo tells about TLS: what both sides have shown and checked, and who is turned away.
import { startNode } from "disterl";
import { Certificates } from "./certificates.mjs";
import { say, step } from "./transcript.mjs";

/** What is known of the connection. */
export function sayTls({ tls }, host) {
  if (!tls.verified) throw new Error("its certificate was not checked");
  say(`encrypted: ${tls.version}, ${tls.cipher}`);
  say(`it has shown ${described(tls.certificate)}`);
  say(`we have shown ${described(tls.ownCertificate)}`);
  say(`checked by us: issued by our CA, the dates, the purpose, not revoked, and for ${host}`);
  say("checked by it: ours, in the same way; without that there would be no connection");
}

function described({ subject, names, issuer, validTo }) {
  const until = validTo.toISOString().slice(0, 10);
  return `${subject} (${names}), issued by ${issuer}, valid until ${until}`;
}

/** One who knows the cookie and asks nobody for certificates, with one of another CA. */
export async function turnStrangerAway(node, cookie) {
  const what = "a node with the right cookie, and a certificate of another CA, dials demo";
  await step("stranger", what, async () => {
    const name = `stranger_${process.pid}@${node.name.split("@")[1]}`;
    const own = new Certificates();
    await own.make("another CA", [name]);
    const { client, ...tls } = own.tls(name);
    const stranger = await startNode({
      ...{ name, cookie, listen: false, onWarning: () => {} },
      tls: { ...tls, client: { ...client, verify: "verify_none" } },
    });
    const events = node.status();
    const isIn = await stranger.connect(node.name).then(
      () => true,
      () => false,
    );
    await stranger.stop();
    own.remove();
    if (isIn) throw new Error("the stranger was connected");
    for await (const event of events) {
      if (event.type !== "refused") continue;
      say(event.error.message);
      break;
    }
  });
}
