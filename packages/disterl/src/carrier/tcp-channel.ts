import type { Socket } from "node:net";
import type { NetAddress } from "./carrier.ts";
import type { Clock } from "./clock.ts";
import { noTicksError } from "./errors.ts";
import { SocketChannel } from "./socket-channel.ts";
import { beforeDestroy, descriptorOf } from "./socket-descriptor.ts";
import type { TickSlot, TickSlots, TickTimes } from "./ticks/tick-slots.ts";

/** A channel over plain TCP or a unix socket, which the tick worker can write to, too. */
export class TcpChannel extends SocketChannel {
  readonly #socket: Socket;
  /** Who may write, where the tick worker does so, too. */
  #tickSlot: TickSlot | undefined;

  constructor(socket: Socket, local: NetAddress, remote: NetAddress, clock: Clock) {
    super(socket, local, remote, clock);
    this.#socket = socket;
  }

  tickFrom(slots: TickSlots, times: TickTimes, closed: () => void): TickSlot | undefined {
    if (!this.isOpen) return undefined;
    const fd = descriptorOf(this.#socket);
    if (fd === undefined) throw noTicksError("the socket shows no descriptor");
    const slot = slots.open(fd, times);
    if (slot === undefined) throw noTicksError("too many connections have it");
    beforeDestroy(this.#socket, () => {
      slot.close();
      closed();
    });
    this.#tickSlot = slot;
    this.afterWrite();
    return slot;
  }

  /** Nobody else writes from now on; what the tick worker could not finish goes first. */
  protected override beforeWrite(): void {
    const owed = this.#tickSlot?.lock() ?? 0;
    if (owed > 0) this.#socket.write(new Uint8Array(owed));
  }

  /** The tick worker may write again, once the kernel has everything. */
  protected override afterWrite(): void {
    if (this.#tickSlot !== undefined && this.#socket.writableLength === 0) this.#tickSlot.unlock();
  }

  protected override beforeEnd(): void {
    this.beforeWrite();
    this.#tickSlot?.close();
  }
}
