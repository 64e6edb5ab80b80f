import type { Mutant } from "../support/mutant.ts"

const shared = ["test/channel/SharedChannel.test.ts"]
const sender = {
  file: "src/channel/internal/sharedSender.ts",
  tests: [
    "test/channel/hostileValues.test.ts",
    "test/channel/parcels.test.ts",
    "test/channel/SharedChannel.test.ts",
    "test/channel/damagedMessages.test.ts"
  ]
}
const receiver = {
  file: "src/channel/internal/sharedReceiver.ts",
  tests: ["test/channel/SharedChannel.test.ts", "test/channel/damagedMessages.test.ts", "test/channel/parcels.test.ts"]
}
const base = {
  file: "src/channel/internal/receiverBase.ts",
  tests: ["test/channel/longMessages.test.ts", "test/channel/Channel.contract.test.ts", ...shared]
}
const sending = {
  file: "src/channel/internal/senderBase.ts",
  tests: ["test/channel/Channel.contract.test.ts", "test/channel/Channel.test.ts"]
}
const takeOff = {
  file: "src/channel/internal/takeOff.ts",
  tests: ["test/channel/SharedChannel.test.ts", "test/channel/parcels.test.ts", "test/channel/damagedMessages.test.ts"]
}
const life = {
  file: "src/channel/internal/endLife.ts",
  tests: [...shared, "test/channel/SharedChannel.contract.test.ts"]
}
const local = {
  file: "src/channel/internal/localChannel.ts",
  tests: ["test/channel/Channel.contract.test.ts", "test/channel/ChannelModel.test.ts", "test/channel/Channel.test.ts"]
}
const pauses = { tests: ["test/channel/pauses.test.ts"] }
const localDeque = { file: "src/channel/internal/deque.ts", tests: ["test/channel/hostileValues.test.ts"] }
const broadcastEnd = { file: "src/channel/internal/broadcastEnd.ts", tests: shared }
const turns = {
  file: "src/channel/internal/turns.ts",
  tests: ["test/channel/longMessages.test.ts", "test/channel/Channel.test.ts"]
}

/** Faults in channels, within a thread and between threads. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    ...sender,
    why: "a value may close its own end while it is encoded",
    before: "if (!this.life.isOpen) return this.refuseEnd(value, 0)\n    if (this.isFull()) return FULL\n",
    after: ""
  },
  {
    ...sender,
    why: "what can never fit does not wait",
    before: "return bytes > this.ring.maxRecordBytes ? this.refuseLarge(value, bytes) : FULL",
    after: "return FULL"
  },
  {
    ...sender,
    why: "a value that cannot leave gives its room back",
    before: "    this.ring.abort()\n",
    after: ""
  },
  {
    ...sender,
    why: "parcels are moved once there is room, and not before",
    before: "    if (offset < 0) return FULL\n    if (!this.leaves(cargo, parked, value)) return FAILED",
    after: "    if (!this.leaves(cargo, parked, value)) return FAILED\n    if (offset < 0) return FULL"
  },
  {
    ...sender,
    why: "parcels have left before their message can be seen",
    before: "if (cargo.length > 0 && !this.leaves(cargo, value, value)) return FAILED\n",
    after: ""
  },
  {
    ...sender,
    why: "parcels of a value that waited in vain are free",
    before: "if (first instanceof Parked) Carriage.drop(first.cargo)",
    after: ""
  },
  {
    ...receiver,
    why: "what came with a message that cannot be read is free",
    before: "        Carriage.drop(carriage.arrived)\n",
    after: ""
  },
  {
    ...sender,
    why: "the window counts what an end before this one had sent",
    before: "? this.received : sent\n",
    after: "? this.received : this.received\n"
  },
  {
    ...sender,
    why: "what waits in front of a closed channel is dropped and counted",
    before: "this.access.roster.addDropped(this.row, this.backlog.length)",
    after: ""
  },
  {
    ...receiver,
    why: "room that was read is given back when an end is handed over below its own drain",
    before: "this.giveBack()\n    this.serve()",
    after: "this.serve()"
  },
  {
    ...receiver,
    why: "what was met and not told goes with the handle",
    before: "untold: this.untold()",
    after: "untold: undefined"
  },
  {
    ...receiver,
    why: "the last receiver frees the parcels of what it leaves",
    before: "if (this.access.codec.carries) dropAll(this.access, this.ring)",
    after: ""
  },
  {
    ...receiver,
    why: "a failure gives its room back itself",
    before: "if (!isSound) this.release()",
    after: ""
  },
  {
    ...receiver,
    why: "messages in a damaged place are counted once the ring is empty",
    before: "if (this.hasSkipped) return this.countSkipped()",
    after: ""
  },
  {
    ...receiver,
    why: "messages that were missed are counted",
    before: "this.access.roster.addMissed(count)",
    after: ""
  },
  {
    ...base,
    why: "a stream of slow messages comes in small batches",
    before: ": Math.max(1, Math.floor(count * BATCH_MILLIS / millis))",
    after: ": max"
  },
  {
    ...base,
    why: "a receiver whose turn is over pauses",
    before: "return this.turnOfLast === turn.count && turn.isOver() && !fiber.cache.preventYield",
    after: "return false"
  },
  {
    ...base,
    why: "a failure behind messages is for the next receive",
    before: `if (tag === "MessagesMissed" || tag === "MalformedMessage") this.held = this.failure`,
    after: ""
  },
  {
    ...sending,
    why: "trySend never waits",
    before: "return this.sending(value, false) as Effect.Effect<void, SendError<A>>",
    after: "return this.send(value)"
  },
  {
    ...sending,
    tests: shared,
    why: "a fiber that gives up lets the next one through",
    before: "this.leave(waiter)\n    this.admit()",
    after: "this.leave(waiter)"
  },
  {
    ...takeOff,
    why: "what was made from an end goes with it",
    before: "count += takeOff(access, side, child)",
    after: "roster.recover(child)"
  },
  {
    ...takeOff,
    why: "the count of a dead sender is that of its ring",
    before: `if (total !== undefined && side === "sender") roster.setSent(row, total)`,
    after: ""
  },
  {
    ...takeOff,
    why: "what the last receiver leaves is lost",
    before: "loseRest(access)\n  if",
    after: "if"
  },
  {
    ...takeOff,
    why: "parcels of what the last receiver leaves are free",
    before: "if (codec.carries) dropAll",
    after: "if (!codec.carries) dropAll"
  },
  {
    ...takeOff,
    tests: ["test/channel/parcels.test.ts"],
    why: "parcels of what the dead was reading are free",
    before: "(taken, offset) => dropMessage(access, taken, offset)",
    after: "() => void dropMessage"
  },
  {
    ...takeOff,
    why: "a death wakes those who wait",
    before: "wakeAll(access)\n  if",
    after: "if"
  },
  {
    ...life,
    why: "an end that is not open is not cloned",
    before: "if (!this.isOpen) return Effect.fail(this.moved())\n      this.isUsed = true",
    after: "this.isUsed = true"
  },
  {
    ...life,
    why: "the last end of a side wakes the other side",
    before: "this.living.wasLast()\n    wakeAll(this.access)",
    after: "this.living.wasLast()"
  },
  {
    ...life,
    why: "an end says how it went",
    before: `const how = this.state === "closed" ? "closed" : "handed over"`,
    after: `const how = "closed" as EndMoved["how"]`
  },
  {
    ...localDeque,
    why: "what a check sends is not overwritten by what it was asked about",
    before: "if (this.tail !== tail || this.slots !== slots) return from\n      slots",
    after: "slots"
  },
  {
    ...local,
    tests: ["test/channel/hostileValues.test.ts"],
    why: "a check that closes the channel has its value back",
    before: "if (core.refuses !== undefined || !this.isOpen) return this.refuseEnd(value)\n    if (core.items",
    after: "if (core.items"
  },
  {
    ...local,
    why: "a batch stops at the capacity",
    before: "Math.min(values.length, from + this.capacity - items.length)",
    after: "values.length"
  },
  {
    ...local,
    why: "a batch of an end that was closed sends nothing",
    before: "if (index === from || core.refuses !== undefined || !this.isOpen) return from",
    after: "if (index === from || core.refuses !== undefined) return from"
  },
  {
    ...local,
    why: "a batch is checked",
    before: "items.stage(values, from, to, check.isValid)",
    after: "items.stage(values, from, to, () => true)"
  },
  {
    ...local,
    why: "a batch wakes the receivers",
    before: "core.sent += index - from\n    core.receivers.wake()",
    after: "core.sent += index - from"
  },
  {
    ...local,
    why: "a batch that was taken is counted",
    before: "core.received += count",
    after: ""
  },
  {
    ...broadcastEnd,
    why: "what came while the end travelled was missed",
    before: "after === undefined ? 0 : after - this.sequence",
    after: "0"
  },
  {
    ...broadcastEnd,
    why: "a gap is told once",
    before: "this.reported = this.lost\n    return count",
    after: "return count"
  },
  {
    ...pauses,
    file: "src/channel/internal/waitFor.ts",
    why: "a fiber that waits does not pause before it goes on",
    before: "fiber.setContext(steady(ground))",
    after: "void steady"
  },
  {
    ...pauses,
    file: "src/channel/internal/waitFor.ts",
    why: "a fiber that was interrupted pauses as before",
    before: "    return Effect.sync(() => {\n      fiber.setContext(ground)\n",
    after: "    return Effect.sync(() => {\n"
  },
  {
    ...pauses,
    file: "src/channel/internal/waitFor.ts",
    why: "a fiber that has waited pauses as before",
    before: "(waiting, (exit) => {\n    fiber.setContext(ground)\n",
    after: "(waiting, (exit) => {\n"
  },
  {
    ...base,
    ...pauses,
    why: "a stream takes no message with which something moves before it comes to it",
    before: "this.carries ? 1 : max",
    after: "max"
  },
  {
    ...turns,
    why: "a task that takes long leaves the rest to another one",
    before: "if (turn.isOver()) break",
    after: ""
  },
  {
    file: "src/channel/internal/endLife.ts",
    tests: ["test/channel/ends.test.ts"],
    why: "an end that was dropped with its message is closed",
    before: "if (this.isOpen) this.access.thread.runtime.microtask(() => this.close())",
    after: ""
  },
  {
    file: "src/channel/internal/endLife.ts",
    tests: ["test/link/ends.test.ts"],
    why: "an end takes up where the one before it has stopped",
    before: "    this.living.begin()\n",
    after: ""
  },
  {
    file: "src/channel/internal/endLife.ts",
    tests: ["test/link/ends.test.ts"],
    why: "what an end is on its way is another one than it was",
    before: "    this.end = sentAs(this.end)\n",
    after: ""
  },
  {
    file: "src/channel/internal/sharedReceiver.ts",
    tests: ["test/channel/endsThreads.test.ts"],
    why: "a message waits for the memory that an end in it needs",
    before: "if (channels === undefined) {",
    after: "if (channels !== null) {"
  },
  {
    file: "src/channel/internal/takeOff.ts",
    tests: ["test/channel/endsThreads.test.ts"],
    why: "the ends of a dead thread are found however they came to it",
    before: "    if (end !== -1) settle(access, held.side",
    after: "    if (end === -1) settle(access, held.side"
  },
  {
    file: "src/channel/internal/takeOff.ts",
    tests: ["test/channel/takeOff.test.ts"],
    why: "one that died closing the last end of a side has told nobody",
    before: "const row = roster.lookFor(thread)",
    after: "const row = -1"
  },
  {
    file: "src/channel/internal/endLife.ts",
    tests: ["test/link/ends.test.ts"],
    why: "what was done on an end is to be seen before it goes",
    before: "    this.living.depart()\n",
    after: ""
  },
  {
    file: "src/memory/Roster.ts",
    tests: ["test/memory/Roster.test.ts"],
    why: "a sent end belongs to nobody on its way",
    before: "    this.letGo(row)\n    return true\n",
    after: "    return true\n"
  },
  {
    file: "src/channel/internal/endLife.ts",
    tests: ["test/link/ends.test.ts"],
    why: "an end that was used is of who has used it",
    before: "this.isOpen && !this.isUsed && !this.living.isInUse",
    after: "this.isOpen"
  }
]
