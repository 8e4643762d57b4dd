/**
 * Puts the length in front of a request. Replies have none.
 *
 *     +--------+---------+
 *     | Length | Request |
 *     +--------+---------+
 *        2 B     Length
 */
export function frame(body: Uint8Array): Uint8Array {
  const framed = new Uint8Array(2 + body.length);
  framed[0] = body.length >> 8;
  framed[1] = body.length & 0xff;
  framed.set(body, 2);
  return framed;
}
