import { expect, test } from "vitest";
import { TestingError } from "./errors.ts";
import { OtpReplies } from "./otp-replies.ts";

const value = (text: string): string => Buffer.from(text).toString("base64");
const said = `before<<T 1 ok ${value("one")}>>\n<<not ours>>\n<<T 2 ok ${value("x".repeat(300))}>>\nafter <<T`;

test("replies are taken out of the output, cut anywhere", async () => {
  for (const size of [1, 2, 3, 5, 7, 64, 1000]) {
    const replies = new OtpReplies("T");
    const one = replies.wait(replies.nextId(), "one");
    const two = replies.wait(replies.nextId(), "two");
    let printed = "";
    for (let at = 0; at < said.length; at += size)
      printed += replies.take(said.slice(at, at + size));
    expect(printed).toBe("before<<not ours>>\nafter ");
    expect(String((await one)[0])).toBe("one");
    expect(String((await two)[0])).toBe("x".repeat(300));
  }
});

test("an error reply rejects with class, reason and stack", async () => {
  const replies = new OtpReplies("T");
  const answer = replies.wait(replies.nextId(), "1/0");
  replies.take(`<<T 1 error ${value("error")} ${value("badarith")} ${value("[]")}>>\n`);
  await expect(answer).rejects.toMatchObject({
    class: "error",
    reason: "badarith",
    erlangStack: "[]",
  });
});

test("the end rejects who waits, and who comes later", async () => {
  const replies = new OtpReplies("T");
  const answer = replies.wait(replies.nextId(), "ok");
  const gone = new TestingError("ERR_TESTING_OTP_EXITED", "gone");
  replies.end(gone);
  await expect(answer).rejects.toBe(gone);
  await expect(replies.wait(replies.nextId(), "ok")).rejects.toBe(gone);
});
