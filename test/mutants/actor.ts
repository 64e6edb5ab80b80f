import type { Mutant } from "../support/mutant.ts"

const mailbox = { file: "src/actor/kernel/Mailbox.ts", tests: ["test/actor/Mailbox.test.ts"] }
const waiters = { file: "src/actor/kernel/Waiters.ts", tests: ["test/actor/Waiters.test.ts"] }
const owner = { file: "src/actor/kernel/Owner.ts", tests: ["test/actor/Owner.test.ts"] }
const directory = { file: "src/actor/kernel/Directory.ts", tests: ["test/actor/Directory.test.ts"] }
const built = { file: "src/actor/internal/incarnation.ts", tests: ["test/actor/build.test.ts"] }
const building = { file: "src/actor/internal/building.ts", tests: ["test/actor/build.test.ts"] }
const atOnce = { file: "src/observe/kernel/AtOnce.ts", tests: ["test/observe/AtOnce.test.ts"] }

const deadlines = { file: "src/actor/kernel/Deadlines.ts", tests: ["test/actor/Deadlines.test.ts"] }
const origins = { file: "src/actor/kernel/Origins.ts", tests: ["test/actor/Origins.test.ts"] }
const dispatcher = { file: "src/actor/kernel/Dispatcher.ts", tests: ["test/actor/Dispatcher.test.ts"] }

const watches = {
  file: "src/actor/internal/watches.ts",
  tests: ["test/actor/contract.test.ts", "test/actor/Watcher.test.ts"]
}
const ties = { ...watches, file: "src/actor/internal/ties.ts" }
const repeating = { file: "src/actor/kernel/RepeatingMailbox.ts", tests: ["test/actor/redelivery.test.ts"] }

const stashing = {
  file: "src/actor/kernel/RepeatingMailbox.ts",
  tests: ["test/actor/stash.test.ts", "test/actor/contract.test.ts", "test/actor/accounts.test.ts"]
}

const ageing = { file: "src/actor/kernel/Ageing.ts", tests: ["test/actor/Priority.test.ts"] }
const levels = {
  file: "src/actor/kernel/PriorityMailbox.ts",
  tests: ["test/actor/Priority.test.ts", "test/actor/accounts.test.ts"]
}

const notices = { tests: ["test/actor/notices.test.ts"] }

const life = { tests: ["test/actor/control.test.ts"] }

const streams = { tests: ["test/actor/streams.test.ts", "test/testing/streams.test.ts"] }
const mischief = { tests: ["test/actor/streamMischief.test.ts"] }
const reader = { file: "src/actor/kernel/StreamReader.ts", ...streams }
const streaming = { file: "src/actor/kernel/Streaming.ts", ...streams }
const localStream = { file: "src/actor/internal/localStreamAsk.ts", ...streams }

const forwarded = { file: "src/actor/kernel/HandingOn.ts", tests: ["test/actor/forward.test.ts"] }

const groups = { file: "src/actor/kernel/Groups.ts", tests: ["test/actor/groups.test.ts"] }

const stats = { tests: ["test/actor/stats.test.ts", "test/actor/contract.test.ts"] }
const counting = { ...stats, file: "src/actor/kernel/Counting.ts" }
const counted = { ...stats, file: "src/actor/kernel/Counted.ts" }
const meter = { ...stats, file: "src/actor/kernel/Meter.ts" }

const waits = { tests: ["test/actor/waits.test.ts", "test/actor/Inquiry.test.ts"] }
const inquiry = { ...waits, file: "src/actor/kernel/Inquiry.ts" }

const unused = { tests: ["test/actor/unused.test.ts"] }

const adapters = { tests: ["test/actor/adapter.test.ts"] }
const adapted = { ...adapters, file: "src/actor/kernel/AdapterRecipient.ts" }

/** Faults in what an actor is made of. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    file: "src/actor/internal/lifecycle.ts",
    tests: ["test/testing/deathLines.test.ts"],
    why: "the crash of an actor below a supervisor is one line",
    before: "const isLoggedAbove = guardianOf(cell) !== undefined",
    after: "const isLoggedAbove = guardianOf(cell) === null"
  },
  {
    file: "src/actor/internal/stashing.ts",
    why: "who was being answered when the actor ended knows it",
    before: "ask?.stopped(reason, payload, true)",
    after: "ask?.stopped(reason, payload)",
    tests: ["test/actor/contract.test.ts"]
  },
  {
    ...counting,
    why: "who has a reply finds its message counted",
    before: "    this.turns &= ~IN_HAND\n",
    after: ""
  },
  {
    ...counting,
    why: "what is put off was not handled",
    before: "(this.turns & ~IN_HAND) - TURN",
    after: "this.turns & ~IN_HAND"
  },
  {
    ...counting,
    why: "a count goes on that a small integer cannot hold",
    before: "    this.counts.processed += this.turns >>> TURN_SHIFT\n",
    after: ""
  },
  {
    ...counted,
    why: "senders that wait for room are counted",
    before: "    this.waitingSenders += actor.rare.waiters.length\n",
    after: ""
  },
  {
    ...counted,
    why: "the times of a definition are those of its actors",
    before: "    this.handlingBuckets = added(this.handlingBuckets, meter.handlings)\n",
    after: ""
  },
  {
    ...meter,
    why: "a message that is put off is the same one when it is handled",
    before: "    if (typeof word === \"object\") word.stamp ??= this.stamp\n",
    after: ""
  },
  {
    ...meter,
    why: "the handler before has ended when the next one begins",
    before: "    this.endAt(now)\n",
    after: ""
  },
  {
    ...stats,
    file: "src/actor/internal/lifecycle.ts",
    why: "a handler has no time of what goes between two incarnations",
    before: "  cell.ended()\n",
    after: ""
  },
  {
    ...stats,
    file: "src/actor/kernel/Host.ts",
    why: "a definition counts on when an actor has ended",
    before: "    this.pastOf(cell.behaviour.protocol.name).done(cell)\n",
    after: ""
  },
  {
    ...stats,
    file: "src/actor/kernel/LocalShard.ts",
    why: "an actor that waits for the name of its key is counted",
    before: "filter((cell) => !this.host.holdsName(cell))",
    after: "filter(() => false)"
  },
  {
    ...stats,
    file: "src/actor/kernel/Host.ts",
    why: "an actor that has ended and keeps its name is counted once",
    before: "filter(({ hasStopped }) => !hasStopped)",
    after: "filter(() => true)"
  },
  {
    ...stats,
    file: "src/actor/kernel/Host.ts",
    why: "what comes for an actor that has ended is dropped of its definition",
    before: "else this.pastOf(to.protocol.name).dropped++",
    after: ""
  },
  {
    ...stats,
    file: "src/actor/internal/lifecycle.ts",
    why: "a handler that fails is counted",
    before: "  cell.counts.failed++\n",
    after: ""
  },
  {
    ...stats,
    file: "src/actor/kernel/PriorityMailbox.ts",
    why: "the oldest message that waits may be of any level",
    before: "Math.min(normal, this.high!.oldestSince(), this.low!.oldestSince())",
    after: "this.high!.oldestSince()"
  },
  {
    ...stats,
    file: "src/actor/internal/localTimedAsk.ts",
    why: "the time of a reply counts from the begin of its handler",
    before: "this.cell.host.deadlines.now() - this.begunMillis",
    after: "0"
  },
  {
    ...adapted,
    why: "an adapter that has ended takes nothing",
    before: "    if (this.hasStopped) return REFUSED\n",
    after: ""
  },
  {
    ...adapted,
    why: "an ask by an adapter that has ended is none of the next incarnation",
    before: "if (this.ended === undefined) {",
    after: "if (this.key.length > 0) {"
  },
  {
    ...adapted,
    why: "a sender by an adapter that is interrupted waits for room no longer",
    before: "if (inside !== undefined) this.cell.stopWaiting(inside)",
    after: "if (inside === undefined) this.cell.stopWaiting(waiter)"
  },
  {
    ...adapted,
    why: "who is waited for by an adapter is the actor",
    before: "return { name: cell.name, whom: cell, system: cell.host }",
    after: "return { name: this.cell.name, whom: cell, system: cell.host }"
  },
  {
    ...adapters,
    file: "src/actor/internal/admission.ts",
    why: "what comes by an adapter was checked as what it was sent as",
    before: "const valid = payload instanceof Adapted",
    after: "const valid = payload === Adapted"
  },
  {
    ...adapters,
    file: "src/actor/internal/incarnation.ts",
    why: "what came by an adapter is made for the next incarnation too, and for what an actor has become",
    before: "return rare.isAdapting ? madeOf(all, tags) : all",
    after: "return all"
  },
  {
    ...adapters,
    file: "src/actor/internal/setAside.ts",
    why: "what came by an adapter is set aside as it was sent",
    before: "payload: asSent(payload)",
    after: "payload"
  },
  {
    ...adapters,
    file: "src/actor/kernel/Letters.ts",
    why: "what came by an adapter is a letter as it was sent",
    before: "content instanceof Adapted",
    after: "content === Adapted"
  },
  {
    file: "src/actor/kernel/Interceptors.ts",
    tests: ["test/actor/Interceptor.test.ts"],
    why: "an interceptor that answers no effect is named",
    before: "Effect.isEffect(answer)",
    after: "answer !== null"
  },
  {
    file: "src/actor/internal/intercepted.ts",
    tests: ["test/actor/sends.test.ts"],
    why: "what is around sends is around an ask for its time",
    before: "    askTimed: lazily(facade(askTimedOf)),\n",
    after: ""
  },
  {
    file: "src/actor/internal/intercepted.ts",
    tests: ["test/actor/sends.test.ts"],
    why: "what is around sends knows a callback that comes first",
    before: "isBare(message) && typeof args[0] === \"function\" ? [undefined, ...args] : args",
    after: "args"
  },
  {
    file: "src/actor/Group.ts",
    tests: ["test/actor/sends.test.ts"],
    why: "what is around sends is around what is published",
    before: "const isIntercepted = sends.of(protocol) !== undefined",
    after: "const isIntercepted = false"
  },
  {
    file: "src/actor/Group.ts",
    tests: ["test/actor/sends.test.ts"],
    why: "what is around sends is around the members of a group",
    before: "recipients.map((recipient) => toRef(recipient, sends))",
    after: "recipients.map((recipient) => toRef(recipient))"
  },
  {
    ...waits,
    file: "src/actor/internal/localAsk.ts",
    why: "an ask that has its outcome is nobody's wait any more",
    before: "    this.waits?.delete(this)\n",
    after: ""
  },
  {
    ...waits,
    file: "src/actor/internal/localAsk.ts",
    why: "who is to answer is the one that it was handed on to",
    before: "return handedOn ?? { name: cell.name, whom: cell, system: cell.host }",
    after: "return { name: cell.name, whom: handedOn === undefined ? cell : undefined }"
  },
  {
    ...waits,
    file: "src/actor/kernel/Waits.ts",
    why: "what goes on beside the messages is nobody's wait",
    before: "|| fiber.getRef(Beside)",
    after: ""
  },
  {
    ...inquiry,
    why: "a thread that does not answer ends the inquiry in its time",
    before: "this.all.deadlines.add(this, patience)",
    after: "this.all.deadlines.add(this, Infinity)"
  },
  {
    ...inquiry,
    why: "who answers late is not heard any more",
    before: "      if (this.isOver) return\n      this.ask",
    after: "      this.ask"
  },
  {
    ...inquiry,
    why: "an inquiry that is over is not counted",
    before: "if (this.isWaiting) this.all.open--",
    after: ""
  },
  {
    ...inquiry,
    why: "a cycle in which who asks is not is no endless walk",
    before: "const isThere = chain.includes(next)",
    after: "const isThere = chain.length > 300"
  },
  {
    ...forwarded,
    file: "src/actor/internal/localAsk.ts",
    why: "an ask that is withdrawn is taken back from who has it",
    before: "    this.giveUp?.()\n",
    after: ""
  },
  {
    ...forwarded,
    file: "src/actor/internal/localAsk.ts",
    why: "why the other actor has not answered is no declared error",
    before: "if (unanswered === undefined) this.settle(exit)",
    after: "if (unanswered !== undefined) this.settle(exit)"
  },
  {
    ...forwarded,
    why: "a message that was handed on has the time of its asker",
    before: "Effect.provideService(asking, DefaultAskTimeout, \"Infinity\")",
    after: "asking"
  },
  {
    ...forwarded,
    why: "what was not delivered is no message of the asker",
    before: "if (!(\"undelivered\" in error)) return error",
    after: "if (error._tag.length > 0) return error"
  },
  {
    ...forwarded,
    why: "a message that was told is told on",
    before: "if (ask === undefined) tellOn(cell, going ?? handover)",
    after: "if (ask === undefined) return"
  },
  {
    ...forwarded,
    file: "src/actor/internal/batch.ts",
    why: "a message that was told is told on, also by a handler that was not done at once",
    before: "if (value instanceof Handover) conclude(cell, ask, Exit.succeed(value), payload)",
    after: "if (value instanceof Handover) ask?.forward(value)"
  },
  {
    ...groups,
    why: "a member stays as long as one scope holds it",
    before: "if (member.memberships.size === 0) this.remove(member)",
    after: "this.remove(member)"
  },
  {
    ...groups,
    why: "a member is one once, however many hold it",
    before: "if (member.memberships.size > 1) return\n",
    after: ""
  },
  {
    ...groups,
    why: "who is published to is looked up again when somebody has come or gone",
    before: "    this.recipients = undefined\n    for",
    after: "    for"
  },
  {
    ...groups,
    why: "what came and went between two looks is not told",
    before: "if (this.pending.has(identity)) this.pending.delete(identity)",
    after: "if (this.pending.has(identity) && isJoined) this.pending.delete(identity)"
  },
  {
    ...groups,
    why: "nothing stays of a group of nobody",
    before: "if (group.byIdentity.size === 0 && group.monitors.size === 0) this.groups.delete(group.name)",
    after: ""
  },
  {
    ...groups,
    why: "one that has ended is made no member",
    before: "if (!this.watch(member, recipient)) return undefined\n",
    after: "this.watch(member, recipient)\n"
  },
  {
    ...groups,
    why: "a member that is no more is heard of no longer",
    before: "    recipient!.unwatch(told!)\n",
    after: ""
  },
  {
    ...groups,
    why: "who looks sees the end of the system",
    before: "for (const { monitors } of this.groups.values()) for (const monitor of monitors) monitor.end()",
    after: ""
  },
  {
    ...groups,
    file: "src/actor/Group.ts",
    why: "what reading the payload throws for one member keeps it from no other",
    before: "  } catch (defect) {\n    return Exit.die(defect)",
    after: "  } catch (defect) {\n    throw defect"
  },
  {
    ...groups,
    why: "a thread that has gone takes with it what it has joined, and no more",
    before: "this.drop(Array.from(this.members.keys()).filter((id) => id.startsWith(start)))",
    after: "this.drop(Array.from(this.members.keys()))"
  },
  {
    ...groups,
    why: "others are told of what was taken out, and of nothing else",
    before: "if (left.length > 0) this.ways.tell({ joined: [], left })",
    after: "this.ways.tell({ joined: [], left })"
  },
  {
    ...reader,
    why: "a stream goes on when its reader has made room",
    before: "      this.source!.grant(taken)\n",
    after: ""
  },
  {
    ...reader,
    why: "a stream whose reader has gone is taken back",
    before: "    this.elements = []\n    this.source?.withdraw()",
    after: "    this.elements = []"
  },
  {
    ...reader,
    why: "a stream that waits for an element too long is ended",
    before: "if (this.hasBegun) deadlines.add(this, this.elementMillis)",
    after: ""
  },
  {
    ...reader,
    why: "a stream that is read in time keeps no deadline",
    before: "    this.resume = undefined\n    this.source!.grounds.deadlines.remove(this)\n    resume!",
    after: "    this.resume = undefined\n    resume!"
  },
  {
    ...streaming,
    why: "a stream has let go before the scope of its incarnation is closed",
    before: "    Fiber.runIn(fiber, scope)\n",
    after: ""
  },
  {
    ...streaming,
    why: "a stream that came to its end is the last thing that an actor had to do which is to end",
    before: " === true && rare.isDraining) cell.drained()",
    after: ") {}"
  },
  {
    ...streaming,
    why: "a stream that is not read is ended",
    before: "    deadlines.add(this, unreadMillis)\n",
    after: ""
  },
  {
    ...streaming,
    why: "a stream that is read slowly goes on",
    before: "    if (resume !== undefined && at > this.at) this.watch()\n",
    after: ""
  },
  {
    ...streaming,
    why: "a stream that is ended while its elements are looked at ends behind the one in hand",
    before: "    if (this.isSending) {",
    after: "    if (false) {"
  },
  {
    ...streaming,
    why: "a stream that nobody reads any more is interrupted",
    before: "    } else interrupt(this.cell.host, this.fiber)\n",
    after: "    }\n"
  },
  {
    ...localStream,
    why: "a stream has as many elements made as its reader has room for",
    before: "      this.credit--\n",
    after: ""
  },
  {
    ...streaming,
    ...mischief,
    why: "a stream that was ended before it has begun is forgotten",
    before: "      this.release()\n      this.forgotten()\n    } else",
    after: "      this.release()\n    } else"
  },
  {
    ...streaming,
    ...mischief,
    why: "a stream that ends its own reader in its first step is interrupted",
    before: "    if (this.isOver) fiber.interruptUnsafe()\n",
    after: ""
  },
  {
    ...streaming,
    ...mischief,
    why: "no stream begins of an incarnation that has ended",
    before: "    if (phase >= RESTARTING) return this.cut(phase >= STOPPING ? reason : undefined)\n",
    after: "    void [reason, phase, RESTARTING, STOPPING]\n"
  },
  {
    ...reader,
    ...mischief,
    why: "elements are taken by who waits",
    before: "    const pulled = resume === undefined ? undefined : this.take()\n",
    after: "    const pulled = this.take()\n"
  },
  {
    ...reader,
    ...mischief,
    why: "who begins to wait takes what has come meanwhile",
    before: "      if (pulled !== undefined) return resume(pulled)\n",
    after: "      void pulled\n"
  },
  {
    ...localStream,
    tests: ["test/actor/longElements.test.ts"],
    why: "a chunk of elements that take long leaves the thread its turns",
    before: "      if (at > from && turn.isOver()) return at\n",
    after: ""
  },
  {
    ...streaming,
    tests: ["test/actor/longElements.test.ts"],
    why: "and so do many chunks",
    before: "    if (turn.isOver()) this.wake()\n    else if (this.goOn())",
    after: "    if (this.goOn())"
  },
  {
    ...localStream,
    why: "a stream that has begun has no deadline for that any more",
    before: "if (this.reader.push(element)) this.begun()",
    after: "this.reader.push(element)"
  },
  {
    file: "src/actor/internal/lifecycle.ts",
    ...streams,
    why: "a stream ends with the incarnation that crashes",
    before: "  cutStreams(host, cell, undefined)\n",
    after: ""
  },
  {
    file: "src/actor/internal/ending.ts",
    ...streams,
    why: "a stream ends with its actor",
    before: "  cutStreams(host, cell, reason)\n",
    after: ""
  },
  {
    file: "src/actor/internal/ending.ts",
    ...streams,
    why: "a stop in order waits for a stream",
    before: " || isAtWork(rare) ||",
    after: " ||"
  },
  {
    file: "src/actor/internal/idle.ts",
    ...streams,
    why: "an actor with a stream is not idle",
    before: "isAtWork(rare) || mailbox",
    after: "mailbox"
  },
  {
    ...watches,
    why: "an end that waits in the mailbox is taken back with its watch",
    before: "    if (notice !== undefined) revoked(this.cell, notice)\n",
    after: "    void notice\n"
  },
  {
    ...watches,
    why: "an end that was asked for ends nobody who is linked",
    before: "if (isFatal(reason)) endBy(cell, linked(nameOf(recipient), reason))",
    after: "endBy(cell, linked(nameOf(recipient), reason))"
  },
  {
    ...ties,
    why: "an end that was asked for ends nobody who was linked to by that one",
    before: "if (isFatal(reason)) this.end(linked(name, reason))",
    after: "this.end(linked(name, reason))"
  },
  {
    ...ties,
    why: "who is to be told of an end is not ended by it",
    before: "for (const watching of this.watching) if (watching.isTold(name)) return\n",
    after: "\n"
  },
  {
    ...ties,
    file: "src/actor/internal/lifecycle.ts",
    why: "who comes up again is linked to nobody",
    before: "  rare.ties?.close()\n",
    after: ""
  },
  {
    ...watches,
    why: "a watcher that ends leaves no row with those that it has watched",
    before: "    recipient.unwatch(told)\n",
    after: "    void [recipient, told]\n"
  },
  {
    ...notices,
    file: "src/actor/kernel/Cell.ts",
    why: "what an actor is told by its thread takes no room that senders want",
    before: "    if (mailbox !== undefined && mailbox.used >= this.behaviour.capacity) return overflow",
    after: "    if (mailbox !== undefined && mailbox.length >= this.behaviour.capacity) return overflow"
  },
  {
    ...notices,
    file: "src/actor/kernel/Mailbox.ts",
    why: "the room is that of before when what took none has gone",
    before: "    if (!word.takesRoom) this.roomless--\n",
    after: ""
  },
  {
    ...notices,
    file: "src/actor/internal/timer.ts",
    why: "a tick that waits goes with its incarnation",
    before: "    if (this.due !== undefined) revoked(this.cell, this.due)\n",
    after: "    void revoked\n"
  },
  {
    ...repeating,
    why: "what was handled is not handed out again",
    before: "  override settled(): void {\n    this.handWord = undefined",
    after: "  override settled(): void {\n    void this.handWord"
  },
  {
    ...repeating,
    why: "a crash that is not the message's fault does not count against it",
    before: "this.inHand(counts ? attempt : attempt - 1)",
    after: "this.inHand(attempt)"
  },
  {
    ...repeating,
    why: "the credit of a message goes back once",
    before: "typeof handWord === \"number\" ? handWord & INDEX_MASK : handWord",
    after: "handWord"
  },
  {
    ...ageing,
    why: "a low message that has waited for long is handled",
    before: "|| this.passedLow >= PASSES)",
    after: ")"
  },
  {
    ...ageing,
    why: "a normal message that has waited for long is handled",
    before: "isNormal && this.passedNormal >= PASSES",
    after: "isNormal && this.passedNormal >= Infinity"
  },
  {
    ...ageing,
    why: "who does not wait is not passed over",
    before: "this.passedNormal = isNormal && level === HIGH ? this.passedNormal + 1 : 0",
    after: "this.passedNormal++"
  },
  {
    ...levels,
    why: "what takes no room takes none at any level",
    before: "return super.used - high!.length + high!.used - low!.length + low!.used",
    after: "return super.used"
  },
  {
    ...levels,
    why: "an ask that is given up leaves the level in which it waits",
    before: "    else other.bury(word)\n",
    after: "    else super.bury(word)\n"
  },
  {
    ...levels,
    why: "what is dropped is the lowest",
    before: "    const low = this.low!.evict(accepts)\n",
    after: "    const low = this.high!.evict(accepts)\n"
  },
  {
    ...stashing,
    why: "what is put off is handled in the order in which it came",
    before: "    while (at > 0 && stash[at - 1]!.order > hand.order) at--\n",
    after: ""
  },
  {
    ...stashing,
    why: "to put a message off is no attempt",
    before: "this.inHand(this.attempt - 1)",
    after: "this.inHand(this.attempt)"
  },
  {
    ...stashing,
    why: "what an actor has told itself does not come to its next incarnation",
    before: "stash.filter(isForNext)",
    after: "stash.filter(isAlive)"
  },
  {
    ...stashing,
    why: "nor when it was to be handled next",
    before: "this.front = front.filter(isForNext)",
    after: "this.front = front.filter(isAlive)"
  },
  {
    ...stashing,
    why: "an ask that is put off and given up leaves the stash",
    before: "    else this.stashDead++\n",
    after: ""
  },
  {
    ...stashing,
    file: "src/actor/internal/stashing.ts",
    why: "nobody's ask is put off",
    before: "word instanceof Ask && word.cancelled)",
    after: "word instanceof Ask && word.isQueued)"
  },
  {
    ...stashing,
    file: "src/actor/internal/pipes.ts",
    why: "what is piped and ends its own incarnation is interrupted",
    before: "    if (this.isClosed) fiber.interruptUnsafe()\n",
    after: ""
  },
  {
    ...stashing,
    file: "src/actor/internal/pipes.ts",
    why: "what outlives its incarnation ends the next one that drains",
    before: "        if (rare.isDraining) cell.drained()\n",
    after: ""
  },
  {
    ...stashing,
    file: "src/actor/kernel/Cell.ts",
    why: "the credit of an ask goes back once, however often it is taken",
    before: "    if (typeof word === \"object\") word.word = number & INDEX_MASK\n",
    after: ""
  },
  {
    ...stashing,
    file: "src/actor/internal/pipes.ts",
    why: "what was piped and waits is taken back with its incarnation",
    before: "      revoked(this.cell, notice)\n",
    after: "      void revoked\n"
  },
  {
    ...stashing,
    file: "src/actor/internal/pipes.ts",
    why: "what is piped ends with its incarnation",
    before: "    return Fiber.interruptAll(Array.from(this.running))\n",
    after: "    return Effect.void\n"
  },
  {
    ...stashing,
    file: "src/actor/internal/ending.ts",
    why: "a stop in order waits for what is piped",
    before: "cell.phase === HELD) && !isAtWork(cell.rare))",
    after: "cell.phase === HELD))"
  },
  {
    ...stashing,
    file: "src/actor/internal/incarnation.ts",
    why: "handlers that an incarnation becomes when it has ended are nobody's",
    before: "  if (cell.scope !== scope || cell.phase >= RESTARTING) return\n",
    after: ""
  },
  {
    ...stashing,
    file: "src/actor/internal/stashing.ts",
    why: "what moves with an ask that is put off is released with it",
    before: "carries) word.freight = payload",
    after: "carries) void payload"
  },
  {
    ...mailbox,
    why: "a mailbox grows before its end meets its beginning",
    before: "if (this.tail - this.head > this.mask) this.grow()",
    after: "if (this.tail - this.head > this.mask + 2) this.grow()"
  },
  {
    ...mailbox,
    why: "a large mailbox gives its memory back",
    before: "if (this.spare < SHRINK_AFTER) return",
    after: "if (this.spare >= 0) return"
  },
  {
    ...mailbox,
    why: "bursts that come again find room",
    before: "this.spare = used * 4 < this.slots.length ? this.spare + 1 : 0",
    after: "this.spare = this.spare + 1"
  },
  {
    ...mailbox,
    why: "eviction keeps the others in order, payloads too",
    before: "this.slots[(to + 1) & this.mask] = this.slots[(to - 1) & this.mask]",
    after: ""
  },
  {
    ...mailbox,
    why: "growing keeps the order",
    before: "slots[i] = old[(this.head + i) & this.mask]",
    after: "slots[i] = old[i]"
  },
  {
    ...waiters,
    why: "those who gave up are not let in",
    before: "if (!waiter.abandoned) return waiter",
    after: "return waiter"
  },
  {
    ...waiters,
    why: "giving up twice counts once",
    before: "if (waiter.abandoned || this.items.length === 0) return\n",
    after: "if (this.items.length === 0) return\n"
  },
  {
    ...waiters,
    why: "who never stood in a line changes nothing there",
    before: "if (waiter.abandoned || this.items.length === 0) return\n",
    after: "if (waiter.abandoned) return\n"
  },
  {
    ...waiters,
    file: "src/actor/internal/rare.ts",
    why: "nobody is put into the line of all who have none",
    before: "    if (this.waiters === nobody) this.waiters = new Waiters()\n",
    after: ""
  },
  {
    ...waiters,
    why: "those who gave up are counted off when they are passed",
    before: "      this.abandoned--\n",
    after: ""
  },
  {
    ...waiters,
    why: "the room of those who were let in is given back",
    before: "else if (this.head >= COMPACT && this.head * 2 >= this.items.length) {",
    after: "else if (this.head < 0) {"
  },
  {
    ...waiters,
    why: "the room of those who gave up is given back",
    before: "if (++this.abandoned >= COMPACT && this.abandoned >= this.length) this.keep(() => true)",
    after: "this.abandoned++"
  },
  {
    ...waiters,
    why: "keeping some forgets those who gave up",
    before: "return !waiter.abandoned",
    after: "return wanted(waiter)"
  },
  {
    ...waiters,
    why: "who is not kept waits no longer",
    before: "waiter.abandoned ||= !wanted(waiter)",
    after: "if (!wanted(waiter)) return false"
  },
  {
    ...directory,
    why: "there is room for one more",
    before: "if (this.entries.length === this.hashes.length) this.rebuild()",
    after: ""
  },
  {
    ...directory,
    why: "who comes for a key that somebody has takes that one's place",
    before: "if (entry === NOWHERE) this.add(value)",
    after: "if (entry === NOWHERE || this.size > 3) this.add(value)"
  },
  {
    ...directory,
    why: "who has left takes no room for ever",
    before: "    entries.length = kept\n",
    after: ""
  },
  {
    ...directory,
    why: "room is given back",
    before: "if (this.size * 4 < this.hashes.length && this.hashes.length > MIN_CAPACITY) this.rebuild()",
    after: ""
  },
  {
    ...directory,
    why: "two of one hash are two",
    before: "hashes[entry] === hash && entries[entry]?.key === key",
    after: "entries[entry] !== undefined"
  },
  {
    ...atOnce,
    why: "a call is known as one",
    before: "if (CALL !== undefined && kindOf(effect) === CALL) return",
    after: "if (CALL === effect) return"
  },
  {
    ...atOnce,
    why: "a generator is known as one",
    before: "if (kindOf(suspended) !== GENERATOR.kind) return",
    after: "if (suspended !== effect) return"
  },
  {
    ...atOnce,
    why: "a service is known as one",
    before: "=> stepOf(effect) === SERVICE",
    after: "=> stepOf(effect) === effect"
  },
  {
    ...atOnce,
    why: "a generator that goes on for ever has a fiber",
    before: "left-- > 0 ?",
    after: "left > 0 ?"
  },
  {
    ...atOnce,
    why: "outcomes are no steps of a fiber",
    before: "const exit = Exit.isExit(effect) ? effect : left-- > 0 ?",
    after: "const exit = left-- > 0 ?"
  },
  {
    ...atOnce,
    why: "a failure ends a generator",
    before: "    if (Exit.isFailure(exit)) return exit\n    step = steps.next(exit.value)",
    after: "    step = steps.next(Exit.isFailure(exit) ? undefined : exit.value)"
  },
  {
    ...atOnce,
    why: "the rest of a generator begins with the step that needs a fiber",
    before: "return { done: false, value: this.first }",
    after: "return this.steps.next(value)"
  },
  {
    ...atOnce,
    why: "each step of the rest is run once",
    before: "    this.isBegun = true\n",
    after: ""
  },
  {
    ...atOnce,
    why: "what is no effect is left to the fiber",
    before: "return Effect.isEffect(effect) ? answers(effect, asker) : undefined",
    after: "return answers(effect, asker)"
  },
  {
    ...building,
    why: "who is built is asked for without a fiber",
    before: "if (asked instanceof Asked) return Exit.succeed(asked.read(build))",
    after: ""
  },
  {
    ...building,
    why: "an incarnation has its own scope",
    before: "      return Exit.succeed(scopeOf(cell))",
    after: "      return Exit.succeed(scopeOf({ scope: undefined }))"
  },
  {
    ...building,
    why: "a function that answers an effect is told so",
    before: "if (!Effect.isEffect(handlers)) return handlers",
    after: "if (handlers !== undefined) return handlers"
  },
  {
    ...building,
    file: "src/actor/Actor.ts",
    why: "the key of a service is no function to be called",
    before: "Effect.isEffect(behaviour) ? behaviour : byCall(behaviour, toRef)",
    after: "typeof behaviour === \"object\" ? behaviour : byCall(behaviour, toRef)"
  },
  {
    ...building,
    file: "src/actor/Actor.ts",
    why: "what an incarnation becomes is not what the next one becomes",
    before: "const scope = scopeOf(cell)",
    after: "const { scope } = cell"
  },
  {
    ...building,
    why: "a log line of a build names its actor",
    before: "    case CurrentLogAnnotations.key:\n      return undefined\n",
    after: ""
  },
  {
    ...built,
    why: "builds that nest have a stack of their own when they are deep",
    before: "isDeep ? apart(behaviour.build) : beginBuild(made)",
    after: "beginBuild(made)"
  },
  {
    ...streams,
    file: "src/actor/internal/incarnationScope.ts",
    why: "what is begun without a scope is held all the same",
    before: "cell.scope ??= new EmptyScope()",
    after: "cell.scope ?? new EmptyScope()"
  },
  {
    ...owner,
    why: "the one in the middle leaves the list",
    before: "if (owned.previous !== undefined) owned.previous.next = owned.next",
    after: ""
  },
  {
    ...owner,
    why: "the youngest leaves the list",
    before: "if (owned.next === undefined) owner.last = owned.previous",
    after: "if (owned.next === undefined) owner.last = undefined"
  },
  {
    ...owner,
    why: "each member is down before the next is told",
    before: "return Effect.andThen(stopping, step)",
    after: "return Effect.andThen(step, stopping)"
  },
  {
    ...owner,
    why: "a scope that has closed ends its actor at once",
    before: "if (scope.state._tag === \"Closed\") return owned.stop(scopeClosed, 0)",
    after: ""
  },
  {
    ...deadlines,
    why: "an endless timeout is not watched",
    before: "if (timeoutMillis === Infinity || this.isClosed) return",
    after: "if (this.isClosed) return"
  },
  {
    ...deadlines,
    why: "an earlier deadline wakes the sleeper earlier",
    before: "if (lane.place === 0 && deadline.expiresAt < this.wakesAt) this.sleep()",
    after: "if (lane.place === 0 && this.wakesAt === Infinity) this.sleep()"
  },
  {
    ...deadlines,
    why: "what is removed is not watched",
    before: "    deadline.lane = undefined\n    deadline.previous = undefined",
    after: "    deadline.previous = undefined"
  },
  {
    ...deadlines,
    why: "the first to expire stands first",
    before: "if (!isBefore(lane, parent)) break",
    after: "if (isBefore(lane, parent)) break"
  },
  {
    ...deadlines,
    why: "a lane whose first has gone moves back",
    before: "else this.sink(lane, lane.place)\n    }\n  }",
    after: "}\n  }"
  },
  {
    ...deadlines,
    why: "the smaller one of two comes up",
    before: "if (below + 1 < length && isBefore(heap[below + 1]!, heap[below]!)) below++",
    after: ""
  },
  {
    ...dispatcher,
    why: "a turn ends with its time",
    before: "while (i < most && !isOver)",
    after: "while (i < most)"
  },
  {
    ...dispatcher,
    why: "no pass begins when the time is up",
    before: "return !isOver",
    after: "return true"
  },
  {
    ...dispatcher,
    why: "the event loop has its turn after so many passes",
    before: "left = this.pass() ? left - 1 : 0",
    after: "left = this.pass() ? left : 0"
  },
  {
    ...dispatcher,
    why: "what is ready is left to who drains it",
    before: "this.isScheduled || this.driver?.isComing === true",
    after: "this.isScheduled"
  },
  {
    ...dispatcher,
    why: "what the driver leaves has a turn of its own",
    before: "if (!this.isIdle && !this.isDraining) this.schedule()",
    after: ""
  },
  {
    ...dispatcher,
    why: "who has had nothing to do comes before who has more left",
    before: "    this.rest.add(runnable)\n",
    after: "    this.add(runnable)\n"
  },
  {
    ...dispatcher,
    why: "many who have little to do keep nobody out who has much",
    before: "    this.isRestNext = !isLeft\n",
    after: ""
  },
  {
    ...dispatcher,
    why: "who has many messages holds up nobody who has one, also before it has had its first turn",
    before: "if (backlog > FEW) this.rest.add(runnable!)\n      return backlog <= FEW",
    after: "return backlog >= 0"
  },
  {
    ...dispatcher,
    why: "who shares a turn has a part of it",
    before: "      turn.beginPart()\n",
    after: ""
  },
  {
    ...dispatcher,
    why: "nobody has two parts of one pass",
    before: "(isRestNext || rest.run(turn, had))",
    after: "(isRestNext || rest.run(turn, rest.count))"
  },
  {
    ...dispatcher,
    file: "src/actor/kernel/Cell.ts",
    why: "who has had the thread and has more left waits behind who has not",
    before: "if (phase === IDLE) this.host.dispatcher.enqueue(this)",
    after: "if (phase !== STARTING) this.host.dispatcher.enqueue(this)"
  },
  {
    ...dispatcher,
    why: "a special scheduler follows every hop",
    before: "this.passes = dispatcher === undefined ? PASSES : 1",
    after: "this.passes = PASSES"
  },
  {
    ...dispatcher,
    why: "what one actor throws harms no other",
    before: "    runnable.failed(defect)",
    after: "    throw defect"
  },
  {
    ...dispatcher,
    why: "those whose turn did not come are the first in the next one",
    before: "this.ready = left.concat(this.ready.slice(0, this.count))",
    after: "this.ready = this.ready.slice(0, this.count).concat(left)"
  },
  {
    ...dispatcher,
    why: "for those who are left another turn comes",
    before: "      if (!this.isIdle) this.schedule()\n",
    after: ""
  },
  {
    ...dispatcher,
    why: "those whose turn did not come are held no longer than they wait",
    before: "this.spare = i < count || count > MAX_KEPT ? [] : batch",
    after: "this.spare = batch"
  },
  {
    ...dispatcher,
    why: "those who have had their turn are held by nobody",
    before: "      batch[i++] = undefined\n",
    after: "      i++\n"
  },
  {
    ...origins,
    why: "a number that came back is used again",
    before: "this.free.pop() ?? this.items.length",
    after: "this.items.length"
  },
  {
    ...origins,
    why: "a number is taken back once",
    before: "    if (this.items[number] === undefined) return\n",
    after: ""
  },
  {
    ...origins,
    why: "who gave its number back hears nothing any more",
    before: "    this.items[number] = undefined\n",
    after: ""
  },
  {
    ...unused,
    file: "src/actor/kernel/HandingOn.ts",
    why: "who hears of a failure finds what its handler has not used free",
    before: "  if (!givesBack) freight.dropUnused(given)\n",
    after: ""
  },
  {
    ...unused,
    file: "src/actor/kernel/HandingOn.ts",
    why: "what an error gives back is not free when that is written",
    before: "messages[ask.word & INDEX_MASK]!.error.carries",
    after: "false"
  },
  {
    ...unused,
    file: "src/actor/kernel/HandingOn.ts",
    why: "what has not come on with a message that is handed on is free",
    before: "return Effect.ensuring(effect, released)",
    after: "return effect"
  },
  {
    ...unused,
    file: "src/actor/kernel/HandingOn.ts",
    why: "what goes on with a message that nobody begins to hand on is free",
    before: "if (!this.isBegun) this.release()",
    after: ""
  },
  {
    ...unused,
    file: "src/actor/kernel/Cell.ts",
    why: "what the handler of an ask that came directly has not used is free",
    before: "    if (asked._tag === \"Failure\") host.freight.dropUnused(payload)\n",
    after: ""
  },
  {
    ...unused,
    file: "src/actor/internal/stashing.ts",
    why: "what a handler has not used that is interrupted with its actor is free",
    before: "    cell.host.freight.dropUnused(payload)\n",
    after: ""
  },
  {
    ...unused,
    file: "src/actor/internal/rare.ts",
    why: "what a handler has not used that outlives its incarnation is free",
    before: "    this.outlived.set(this.turn, payload)\n",
    after: ""
  },
  {
    ...unused,
    file: "src/actor/kernel/Streaming.ts",
    why: "what a stream was given and nobody has read is free",
    before: "    if (exit._tag === \"Failure\") this.release()\n",
    after: ""
  },
  {
    ...unused,
    file: "src/actor/kernel/Word.ts",
    why: "what a notice says is made once, however often it is put off",
    before: "return this.said ??= this.make()",
    after: "return this.said = this.make()"
  },
  {
    tests: ["test/actor/capabilityMischief.test.ts"],
    file: "src/actor/kernel/Freight.ts",
    why: "what cannot move to two places costs nobody else's message its place",
    before: "if (packed.isTwice) {",
    after: "if (false) {"
  },
  {
    tests: ["test/actor/waitsMischief.test.ts"],
    file: "src/actor/kernel/Command.ts",
    why: "a name that is shortened is another one for another name",
    before: "…${marked(name)}…",
    after: "…"
  },
  {
    tests: ["test/actor/waitsMischief.test.ts"],
    file: "src/actor/kernel/Inquiry.ts",
    why: "an actor of another system is another one",
    before: "if (!systems.includes(system)) systems.push(system)",
    after: "if (!systems.includes(system)) systems[0] = system"
  },
  {
    file: "src/actor/internal/admission.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what moved with a withdrawn ask is free",
    before: "    if (ask.freight !== undefined) cell.host.freight.drop(ask.freight)\n",
    after: ""
  },
  {
    file: "src/actor/kernel/Cell.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what moved with an ask that is out of time is free",
    before: "      if (freight !== undefined) this.host.freight.drop(freight)\n",
    after: ""
  },
  {
    file: "src/actor/kernel/Freight.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what moved with a message that was dropped is free",
    before: "    if (isDropped) this.drop(payload)\n",
    after: ""
  },
  {
    file: "src/actor/internal/ending.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "what moved with the messages of an actor that ends is free",
    before: "      host.freight.drop(payload)\n",
    after: ""
  },
  {
    file: "src/actor/internal/localAsk.ts",
    tests: ["test/link/parcels.test.ts"],
    why: "a reply that comes after its asker has gone keeps nothing",
    before: "discardReply(message, cell, exit)\n",
    after: "{}\n"
  },
  {
    ...life,
    file: "src/actor/internal/idle.ts",
    why: "an actor is not idle while it is paused or a handler runs",
    before: "? this.last + millis - host.deadlines.now() : millis",
    after: "? this.last + millis - host.deadlines.now() : 0"
  },
  {
    ...life,
    file: "src/actor/internal/lifecycle.ts",
    why: "a pause outlasts a restart",
    before: "rare.isHeld = rare.isPaused",
    after: "rare.isHeld = false"
  },
  {
    ...life,
    file: "src/actor/internal/release.ts",
    why: "a finalizer tells a restart from an end",
    before: "if (cell.phase === RESTARTING) return",
    after: "if (cell.phase > RESTARTING) return"
  },
  {
    file: "src/actor/kernel/LocalShard.ts",
    tests: ["test/actor/keyed.test.ts"],
    why: "an actor of a key is not built before the last one has let go",
    before: "if (!host.takeName(cell)) return",
    after: "host.takeName(cell)"
  },
  {
    file: "src/actor/kernel/LocalShard.ts",
    tests: ["test/actor/keyed.test.ts"],
    why: "what waits for the name of the last one of its key comes up when that is free",
    before: "if (next !== undefined && next.phase === STARTING) this.begin(next)",
    after: ""
  },
  {
    file: "src/actor/kernel/LocalShard.ts",
    tests: ["test/actor/keyed.test.ts"],
    why: "a message does not meet an actor of its key that ends",
    before: "cell.phase < STOPPING && !cell.isDraining && ",
    after: ""
  },
  {
    file: "src/actor/kernel/LocalShard.ts",
    tests: ["test/actor/keyed.test.ts"],
    why: "of a key that is not active nothing stays",
    before: "if (next === cell) this.cells.delete(key)",
    after: "if (next === cell) this.refuser = undefined"
  },
  {
    file: "src/actor/kernel/LocalShard.ts",
    tests: ["test/actor/keyed.test.ts"],
    why: "who waits for a name that nobody lets go of is told",
    before: "this.isStuck(key) ? void next.stop(this.whyNot(key)) : undefined",
    after: "undefined"
  },
  {
    file: "src/actor/kernel/LocalShard.ts",
    tests: ["test/actor/keyed.test.ts"],
    why: "a key whose last actor does not let go has no next one",
    before: "if (behaviour === undefined || this.isStuck(key)) return undefined",
    after: "if (behaviour === undefined) return undefined"
  },
  {
    file: "src/actor/kernel/LocalShard.ts",
    tests: ["test/actor/keyed.test.ts"],
    why: "what was told to one that is not up was accepted before its stop",
    before: "if (command.kind !== STOP || cell.phase !== STARTING) return",
    after: "if (cell !== undefined) return"
  },
  {
    file: "src/actor/internal/nesting.ts",
    tests: ["test/actor/waitsMischief.test.ts"],
    why: "no chain of handlers that are interrupted is too long for the stack",
    before: "  if (host.inlineDepth >= MAX_INLINE) {\n",
    after: "  if (host.inlineDepth < 0) {\n"
  },
  {
    ...unused,
    file: "src/actor/kernel/RepeatingMailbox.ts",
    why: "what moved with a piped message is free that was put off and is not handled any more",
    before: "      aside.word.forget()\n",
    after: ""
  },
  {
    ...unused,
    file: "src/actor/internal/pipes.ts",
    why: "what would move with a piped message is free that nobody comes to handle",
    before: "      unheard()\n",
    after: ""
  },
  {
    file: "src/actor/internal/localAsk.ts",
    tests: ["test/testing/replies.test.ts"],
    why: "what has come with a reply is free when its asker does not go on",
    before: "    this.withdraw()\n    this.drop()",
    after: "    this.withdraw()"
  },
  {
    file: "src/actor/kernel/Cell.ts",
    tests: ["test/testing/replies.test.ts"],
    why: "what is answered at once is handed over when its asker waits",
    before: "return movesBack(messages[index]!) ? LocalAsk.answered(this, index, reply) : reply",
    after: "return reply"
  },
  {
    ...unused,
    file: "src/actor/internal/localAsk.ts",
    why: "a reply that nobody has taken is released with its asker",
    before: "    if (outcome !== undefined) this.drop()",
    after: "    if (outcome === null) this.drop()"
  },
  {
    ...unused,
    file: "src/actor/internal/stashing.ts",
    why: "what moved with a message is free that is put off by an actor which has ended",
    before: "  cell.host.freight.drop(payload)\n  if (cell.phase >= STOPPING) {",
    after: "  if (cell.phase >= STOPPING) {"
  }
]
