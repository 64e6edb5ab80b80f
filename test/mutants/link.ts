import type { Mutant } from "../support/mutant.ts"

const binding = { file: "src/link/internal/binding.ts", tests: ["test/link/Link.test.ts", "test/link/Node.test.ts"] }
const inbound = { file: "src/link/internal/inbound.ts", tests: ["test/link/Link.test.ts", "test/link/Node.test.ts"] }
const outbound = { file: "src/link/internal/outbound.ts", tests: ["test/link/Link.test.ts", "test/link/Node.test.ts"] }
const remoteAsk = {
  file: "src/link/internal/remoteAsk.ts",
  tests: ["test/link/Link.test.ts", "test/link/Node.test.ts"]
}
const resting = { tests: ["test/link/rest.test.ts"] }
const signals = { file: "src/link/internal/signals.ts", tests: ["test/link/Link.test.ts", "test/link/Node.test.ts"] }

const turns = { tests: ["test/link/turns.test.ts"] }
const watch = { tests: ["test/link/watch.test.ts"] }
const handedOn = { file: "src/link/internal/inboundAsk.ts", tests: ["test/system/forward.test.ts"] }
const remoteEnd = { file: "src/link/internal/remoteEnd.ts", ...watch }
const watching = { file: "src/link/internal/watching.ts", ...watch }

const surviving = { tests: ["test/simulate/survive.test.ts"] }
const lane = { file: "src/link/internal/lane.ts", ...surviving }
const laneWords = { file: "src/memory/kernel/LaneWords.ts", ...surviving }
const laneMailbox = { file: "src/link/internal/laneMailbox.ts", ...surviving }
const lasting = { file: "src/link/internal/lasting.ts", tests: ["test/system/losses.test.ts"] }

const streams = { tests: ["test/testing/streams.test.ts", "test/simulate/contract.test.ts"] }
const inboundStream = { file: "src/link/internal/inboundStreamAsk.ts", ...streams }
const remoteStream = { file: "src/link/internal/remoteStreamAsk.ts", ...streams }

const adapter = { tests: ["test/link/adapter.test.ts"] }
const waits = { tests: ["test/system/waits.test.ts"] }

const reading = {
  file: "src/link/internal/reading.ts",
  tests: ["test/link/reading.test.ts", "test/link/storm.test.ts"]
}

/** Faults in the links between threads. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    file: "src/link/internal/answeredAsk.ts",
    why: "who was being answered on another thread knows it",
    before: "begun ? Envelope.BEGUN : 0",
    after: "0",
    tests: ["test/simulate/contract.test.ts"]
  },
  {
    file: "src/link/internal/remoteAsk.ts",
    tests: ["test/testing/replies.test.ts"],
    why: "what has come with a reply is free when its asker does not go on",
    before: "    this.withdraw()\n    Carriage.drop(this.brought)",
    after: "    this.withdraw()"
  },
  {
    ...adapter,
    file: "src/actor/kernel/AdapterRecipient.ts",
    why: "what comes by an adapter has its credit with it",
    before: "const own = origin | becomes[index]!.index",
    after: "const own = becomes[index]!.index"
  },
  {
    ...adapter,
    file: "src/actor/kernel/AdapterRecipient.ts",
    why: "what comes by an adapter whose incarnation has ended gives its credit back",
    before: "    host.credit(wordOf(word) >>> ORIGIN_SHIFT)\n",
    after: ""
  },
  {
    file: "src/link/internal/distant.ts",
    tests: ["test/link/layout.test.ts"],
    why: "who sends to another layout is told where the two part",
    before: "return Layouts.compared(error, protocol)",
    after: "return error"
  },
  {
    file: "src/link/internal/lastWord.ts",
    tests: ["test/link/layout.test.ts"],
    why: "what is too much to say of a layout leaves its sender not waiting",
    before: "  say(outbound, slot, forgotten, layoutHash)\n",
    after: ""
  },
  {
    ...adapter,
    file: "src/link/kernel/Node.ts",
    why: "an adapter that has ended has no number any more",
    before: "    adapter.whenStopped(() => cells.delete(id))\n",
    after: ""
  },
  {
    ...waits,
    file: "src/link/internal/remoteAsk.ts",
    why: "nobody is interrupted before it is known who waits for whom",
    before: "    this.isExpired = true\n",
    after:
      "    this.isExpired = true\n    this.outbound?.control.words(Envelope.typeOf(Envelope.INTERRUPT, 0, 0), this.number, this.serial, true)\n"
  },
  {
    ...waits,
    file: "src/link/internal/waiting.ts",
    why: "who is waited for can be asked in turn, on whatever thread",
    before: "if (address.thread !== home.index) return { name, whom: elsewhere(home, address), system }",
    after: "if (address.thread !== home.index) return { name, whom: undefined, system }"
  },
  {
    ...handedOn,
    why: "an ask from another thread that is withdrawn is taken back from who has it",
    before: "return this.giveUp()",
    after: "return"
  },
  {
    ...handedOn,
    why: "why the other actor has not answered crosses to the thread of who asks",
    before: "else this.unanswered(unanswered)",
    after: "else this.settle(exit)"
  },
  {
    ...inboundStream,
    why: "a stream goes on when the ring has room again",
    before: "        outbound.starve(this)\n",
    after: ""
  },
  {
    ...inboundStream,
    why: "a stream has as many elements on their way as its reader has room for",
    before: "      this.credit--\n",
    after: ""
  },
  {
    ...inboundStream,
    why: "a stream goes on when its reader on another thread has made room",
    before: "    this.credit += elements\n    this.streaming?.wake()",
    after: "    this.credit += elements"
  },
  {
    ...inboundStream,
    why: "a stream whose reader on another thread has gone is interrupted",
    before: "    this.withdrawn()\n    streaming.interrupt()",
    after: "    this.withdrawn()"
  },
  {
    ...inboundStream,
    why: "a stream that failed as declared says so to another thread",
    before: "    else super.settle(exit)\n",
    after: "    else this.bare(Envelope.STREAM_ENDED, 0)\n"
  },
  {
    ...remoteStream,
    why: "a stream from another thread that has begun has no deadline for that any more",
    before: "if (this.reader.push(element)) this.home.host.deadlines.remove(this)",
    after: "this.reader.push(element)"
  },
  {
    ...remoteEnd,
    why: "an actor that does not come back with its thread has ended for that",
    before: "this.actor.ended ?? this.lost ?? reason",
    after: "this.actor.ended ?? reason"
  },
  {
    ...remoteEnd,
    why: "an actor that belonged to the incarnation that died is not waited for",
    before: " || home.isPast(thread, epoch)",
    after: ""
  },
  {
    ...remoteEnd,
    why: "an end that is known here is told when its thread has released what the actor held",
    before: "    const outbound = home.outboundTo(thread)\n",
    after: "    if (ended !== undefined) return this.over(ended)\n    const outbound = home.outboundTo(thread)\n"
  },
  {
    ...remoteEnd,
    why: "a watch that nobody waits for is given up",
    before: "    this.outbound?.watched.remove(this.number)\n",
    after: ""
  },
  {
    ...watching,
    why: "an actor that is watched from a thread that has died knows nothing of that",
    before: "    for (const { cell, told } of this.watches.values()) cell.unwatch(told)\n",
    after: ""
  },
  {
    file: "src/link/internal/link.ts",
    ...watch,
    why: "who waits for an end on a thread that has gone waits for its next incarnation",
    before: "    outbound.watched.lost()\n",
    after: ""
  },
  {
    ...binding,
    why: "a message that has left the mailbox is counted off",
    before: "    this.queued--\n",
    after: ""
  },
  {
    ...binding,
    why: "credit goes back when the link rests",
    before: "  rest(): void {\n    this.isOwing = false\n    this.pay(false)\n  }",
    after: "  rest(): void {\n    this.isOwing = false\n  }"
  },
  {
    ...binding,
    why: "what is owed is paid once",
    before: "    this.owed = 0\n    this.unannounced +=",
    after: "    this.unannounced +="
  },
  {
    ...binding,
    why: "a sender that sleeps hears of credit that has gone back one by one",
    before: "const wakes = isUrgent || this.unannounced >= this.threshold",
    after: "const wakes = isUrgent",
    tests: ["test/system/contract.test.ts"]
  },
  {
    ...binding,
    why: "a number is free again when no word has it",
    before: "if (this.queued === 0) this.origins.remove",
    after: "if (this.queued < 0) this.origins.remove"
  },
  {
    ...binding,
    why: "a link that has gone hears no more of its actors",
    before: "    this.cell?.unwatch(this.onStop)\n    this.leave()",
    after: "    this.leave()"
  },
  {
    ...inbound,
    why: "an interruption may come before its ask",
    before: "if (isAhead) this.interrupted.add(serial)",
    after: ""
  },
  {
    ...inbound,
    why: "credit reaches who sent the message",
    before: "return this.outbound.slots[Envelope.slotOf(type)]?.credited(word)",
    after: "return"
  },
  {
    ...inbound,
    file: "src/link/internal/lastWord.ts",
    why: "the slot of an actor that has ended is given back",
    before: "  if (region.u32[(offset >> 2) + 1] !== DRAINS) addressee?.retire()\n",
    after: ""
  },
  {
    ...inbound,
    why: "a message for an actor that has ended gives its credit back",
    before: "(message.index, payload)\n      return binding.passed()",
    after: "(message.index, payload)\n      return"
  },
  {
    ...outbound,
    why: "a slot that was given back is used again",
    before: "const slot = this.freeSlots.pop() ?? this.slots.length",
    after: "const slot = this.slots.length"
  },
  {
    ...outbound,
    why: "all slots in use is a refusal",
    before: "if (slot >= this.options.maxSlots) return undefined",
    after: ""
  },
  {
    ...outbound,
    why: "the number of a settled ask is used again",
    before: "const number = this.freeNumbers.pop() ?? this.pending.length",
    after: "const number = this.pending.length"
  },
  {
    ...outbound,
    why: "a settled ask is counted off",
    before: "    this.pendingAsks--\n",
    after: ""
  },
  {
    ...outbound,
    why: "those who wait for room are tried again once each",
    before: "      this.starved.clear()\n",
    after: ""
  },
  {
    ...remoteAsk,
    why: "the handler of a withdrawn ask is interrupted",
    before: "    outbound.control.words(Envelope.typeOf(Envelope.INTERRUPT, 0, 0), this.number, this.serial, true)",
    after: ""
  },
  {
    ...inbound,
    why: "the credit of a message that cannot be read goes back",
    before: "    if (Envelope.kindOf(type) <= Envelope.ASK_TRACED) this.bindings[Envelope.slotOf(type)]?.passed()\n",
    after: ""
  },
  {
    ...inbound,
    why: "an ask is interrupted by its serial",
    before: "if (ask !== undefined && ask.serial === serial) return",
    after: "if (ask !== undefined) return"
  },
  {
    ...outbound,
    why: "what can never fit does not wait for room",
    before: "    if (bytes > data.writer.maxRecordBytes) {\n      this.refusedBytes",
    after: "    if (bytes < 0) {\n      this.refusedBytes"
  },
  {
    ...outbound,
    why: "who sends what is too large hears how large it is",
    before: "      this.refusedBytes = bytes\n",
    after: ""
  },
  {
    ...binding,
    why: "credit of an actor that has ended goes back at once",
    before: "    this.threshold = 1\n    this.pay(true)\n",
    after: ""
  },
  {
    ...remoteAsk,
    why: "an ask is settled once",
    before: "    if (resume === undefined) return\n    this.resume = undefined\n",
    after: "    if (resume === undefined) return\n"
  },
  {
    ...remoteAsk,
    why: "the deadline of an ask that has its answer is removed",
    before: "    this.forget()\n    if (waiter !== undefined) this.recipient.stopWaiting(waiter)\n    this.handOver",
    after: "    if (waiter !== undefined) this.recipient.stopWaiting(waiter)\n    this.handOver"
  },
  {
    ...remoteAsk,
    why: "the deadline of an ask that was withdrawn is removed",
    before: "    this.forget()\n    if (waiter !== undefined) this.recipient.stopWaiting(waiter)\n    this.withdrawing",
    after: "    if (waiter !== undefined) this.recipient.stopWaiting(waiter)\n    this.withdrawing"
  },
  {
    ...remoteAsk,
    why: "an ask that was withdrawn leaves the line",
    before: "    if (waiter !== undefined) this.recipient.stopWaiting(waiter)\n    this.withdrawing",
    after: "    this.withdrawing"
  },
  {
    ...remoteAsk,
    why: "a callback that throws is no business of who settles",
    before: "      this.home.reports.failed(thrown)",
    after: "      throw thrown"
  },
  {
    ...signals,
    why: "what is written outside of a pass becomes visible",
    before: "    this.runtime.microtask(this.flush)",
    after: ""
  },
  {
    file: "src/link/internal/link.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what has moved and nobody will read is taken back",
    before: "    outbound.underway.loseAll()\n",
    after: ""
  },
  {
    file: "src/link/internal/outbound.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what was passed over is taken back with its slot",
    before: "    this.underway.lose(slot)\n",
    after: ""
  },
  {
    file: "src/link/internal/outbound.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what moves with a message for which there is no room is its sender's",
    before: "    if (cargo.length > 0) this.underway.undo()\n",
    after: ""
  },
  {
    file: "src/link/internal/answeredAsk.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "a reply that nobody waits for keeps nothing",
    before: "    if (outbound === undefined) return this.discard(codec, value)\n",
    after: "    if (outbound === undefined) return\n"
  },
  {
    file: "src/link/internal/answeredAsk.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what came with an ask that a crash leaves unhandled is free",
    before: "  restarting(): void {\n    this.drop()\n",
    after: "  restarting(): void {\n"
  },
  {
    file: "src/link/internal/remoteAsk.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what came with a reply that nobody waits for is free",
    before: "return this.discard(outcome, region, offset, end)\n    }",
    after: "return\n    }"
  },
  {
    file: "src/link/kernel/RemoteRecipient.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what is dropped before it is sent keeps nothing",
    before: "    if (message.carries) host.freight.discard(message.payload, payload)\n",
    after: ""
  },
  {
    ...laneWords,
    tests: ["test/testing/spentMessages.test.ts"],
    why: "how often a message was begun outlasts the thread that has begun it",
    before: "last >>> TRIES_BITS === key ?",
    after: "last >>> TRIES_BITS === -1 ?"
  },
  {
    ...lane,
    why: "who takes a lane over counts on where the last one has ended",
    before: "    this.handled = this.recount()\n    this.shown",
    after: "    this.handled = 0\n    this.shown"
  },
  {
    ...laneWords,
    why: "a reader that has found nothing is told of what comes",
    before: "Atomics.load(this.cells, ARMED) === 1 &&",
    after: "Atomics.load(this.cells, ARMED) === 2 &&"
  },
  {
    ...laneMailbox,
    why: "a reader that rests is told of what comes, not only the first time",
    before: "    for (const lane of this.lanes) if (lane.isEmpty) lane.arm()\n",
    after: ""
  },
  {
    ...laneMailbox,
    why: "senders that wait for room are woken when there is some",
    before: "if (lane.show()) this.home.outboundTo(lane.from)?.wake()",
    after: "lane.show()"
  },
  {
    ...laneMailbox,
    why: "what a thread tells its own actor is accepted when the main thread can find it",
    before: "    if (!own.writer.isKnown) return KEPT_NOT_YET\n",
    after: ""
  },
  {
    ...laneMailbox,
    why: "a handler waits for that, which ends without it",
    before: "    return !this.own.writer.isKnown\n",
    after: "    return false\n"
  },
  {
    ...laneMailbox,
    why: "a message is done with when its handler is, not when it is taken",
    before: "    this.attempt = lane.begin()\n",
    after: "    this.attempt = lane.begin()\n    lane.pass()\n    this.hand = undefined\n"
  },
  {
    ...laneMailbox,
    why: "who has asked and whose ask has gone with a thread hears of that",
    before: "lane.done !== 0",
    after: "lane.done < 0"
  },
  {
    ...laneMailbox,
    why: "what is in hand when its thread leaves is handled by the next one",
    before: "    if (!isKept) {\n",
    after: "    {\n"
  },
  {
    ...lasting,
    why: "who lives counts what is left of it, and says so",
    before: "    settle(lane.memory)\n",
    after: ""
  },
  {
    file: "src/link/internal/outRing.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "a message that something moves with is to be seen at once",
    before: "    if (this.isDirty) this.publish()\n",
    after: ""
  },
  {
    file: "src/link/internal/outRing.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "a reply that something moves with is to be seen at once",
    before: "    if (leaves !== undefined) this.publish()\n",
    after: ""
  },
  {
    file: "src/link/internal/outbound.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what moves with a reply that finds no room is its thread's until there is some",
    before: "true, this.underway.hold(NO_SLOT, cargo))",
    after: "true, (this.underway.hold(NO_SLOT, cargo)(), undefined))"
  },
  {
    ...turns,
    file: "src/link/internal/loop.ts",
    why: "a loop that parks leaves what is ready to others",
    before: "      else this.polled.parked()\n",
    after: ""
  },
  {
    ...turns,
    file: "src/link/internal/loop.ts",
    why: "a loop that is closed leaves what is ready to others",
    before: "    this.bell.cancel()\n    this.polled.parked()\n",
    after: "    this.bell.cancel()\n"
  },
  {
    ...turns,
    file: "src/link/kernel/Node.ts",
    why: "links and actors have one turn together",
    before: "    host.dispatcher.driveBy(this.loop)\n",
    after: ""
  },
  {
    ...turns,
    file: "src/link/kernel/Node.ts",
    why: "actors that were left no time come first in the next turn",
    before: "this.areActorsFirst = isOver && ",
    after: "this.areActorsFirst = false && "
  },
  {
    ...reading,
    why: "rings that are handed over are looked at, whoever has taken the bit before",
    file: "src/link/kernel/Node.ts",
    before: "      this.reading.add(link)\n",
    after: ""
  },
  {
    ...reading,
    why: "who makes records visible says so",
    file: "src/link/internal/outRing.ts",
    before: "if (this.writer.publish()) this.ready?.raise()",
    after: "this.writer.publish()"
  },
  {
    ...reading,
    why: "a link stays until it is read to its end",
    before: "if (link.inbound.isEmpty) link.isInReading = false",
    after: "if (link.isInReading) link.isInReading = false"
  },
  {
    ...reading,
    why: "who was not read is first in the next pass",
    before: "some[(reached + i) % length]!",
    after: "some[i]!"
  },
  {
    ...reading,
    why: "a thread rests only when nobody has said anything",
    before: "    if (ready !== undefined && !ready.isEmpty()) return false\n",
    after: ""
  },
  {
    ...reading,
    why: "one that throws keeps the others waiting for a pass, and not for ever",
    file: "src/link/kernel/Node.ts",
    before: "    let isHeldUp = true\n",
    after: "    let isHeldUp = false\n"
  },
  {
    ...reading,
    why: "who waits for room is known to the loop",
    file: "src/link/internal/outRing.ts",
    before: "    this.signals.isHeldUp = true\n",
    after: ""
  },
  {
    ...signals,
    why: "what was made visible once can be written to again",
    before: "      one.isListed = false\n",
    after: ""
  },
  {
    ...resting,
    why: "who has asked one that was asleep gives it the core",
    file: "src/link/internal/loop.ts",
    before: "polled.isFar() && this.hasSlept()",
    after: "polled.isFar() && false"
  },
  {
    ...resting,
    why: "who is in the middle of a conversation goes on looking",
    file: "src/link/internal/loop.ts",
    before: "polled.isFar() && this.hasSlept()",
    after: "polled.isFar()"
  },
  {
    ...resting,
    why: "to tell one that was asleep is not to wait for it",
    file: "src/link/internal/outRing.ts",
    before: "if (this.hasRung && hasAsked) this",
    after: "if (this.hasRung) this"
  },
  {
    ...resting,
    why: "to have woken somebody once is no reason to rest for ever",
    file: "src/link/kernel/Node.ts",
    before: "    signals.hasWoken = false\n",
    after: ""
  },
  {
    file: "src/link/internal/outbound.ts",
    tests: ["test/link/visible.test.ts"],
    why: "what is said first is seen first, on either ring",
    before: "    data.earlier = this.controlRing\n",
    after: ""
  },
  {
    ...inbound,
    why: "what lies in a ring for long is put into the mailboxes",
    before: "!this.isEnding && this.overdue.isIn(reader) ? this.sort(reader, budget)",
    after: "false ? this.sort(reader, budget)"
  },
  {
    ...inbound,
    why: "who could handle a message at once does not hold up what is put by",
    before: "binding.cell.isAtHand && !this.isSorting &&",
    after: "binding.cell.isAtHand &&"
  },
  {
    ...inbound,
    why: "a mailbox without a bound holds up the ring",
    before: "this.isSorting = binding.waiting < MOST_SORTED",
    after: "this.isSorting = true"
  },
  {
    file: "src/link/internal/overdue.ts",
    tests: ["test/link/overdue.test.ts"],
    why: "what has lain there for a moment is not overdue",
    before: "    if (seenMillis - markedAt < PATIENCE_MILLIS) return false\n",
    after: ""
  },
  {
    file: "src/link/internal/inbound.ts",
    tests: ["test/link/visible.test.ts"],
    why: "control that was said before it is read before data",
    before: "    if (!this.control!.isEmpty()) this.drainControl()\n",
    after: ""
  }
]
