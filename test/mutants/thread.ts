import type { Mutant } from "../support/mutant.ts"

const thread = { file: "src/thread/Thread.ts", tests: ["test/thread/Thread.test.ts"] }
const hosted = { file: "src/thread/internal/hosted.ts", tests: ["test/thread/Thread.test.ts"] }
const reserve = { file: "src/thread/kernel/Reserve.ts", tests: ["test/thread/Reserve.test.ts"] }
const lifecycle = { file: "src/thread/internal/lifecycle.ts", tests: ["test/thread/Thread.test.ts"] }
const requests = { file: "src/thread/kernel/Requests.ts", tests: ["test/thread/Requests.test.ts"] }
const group = { file: "src/thread/kernel/ThreadGroup.ts", tests: ["test/thread/ThreadGroup.test.ts"] }
const poller = { file: "src/thread/Poller.ts", tests: ["test/thread/Poller.test.ts"] }

/** Faults in what a parent knows of its threads, and in a group of them. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    ...lifecycle,
    why: "the first reason stays",
    before: "  if (life.reason !== undefined) return\n",
    after: ""
  },
  {
    ...lifecycle,
    why: "listeners hear of the end before those who wait",
    before:
      "  for (const listener of life.listeners.splice(0)) tell(life, listener, end)\n  Deferred.doneUnsafe(life.ended, Effect.succeed(end))\n",
    after:
      "  Deferred.doneUnsafe(life.ended, Effect.succeed(end))\n  for (const listener of life.listeners.splice(0)) tell(life, listener, end)\n"
  },
  {
    ...lifecycle,
    why: "what a listener throws keeps nobody from hearing",
    before: "  } catch (error) {\n    life.outlets.onCallbackError(error)\n  }\n}\n\nconst onExitEvent",
    after: "  } finally {}\n}\n\nconst onExitEvent"
  },
  {
    ...lifecycle,
    why: "a listener that comes late is told",
    before: "  else tell(life, listener, life.end)\n",
    after: ""
  },
  {
    ...lifecycle,
    why: "an error decides at the exit that follows",
    before: "    life.crash ??= { error }\n",
    after: "    life.crash ??= { error }\n    finish(life, stoppedReason(life))\n"
  },
  {
    ...lifecycle,
    why: "a value that lost its class is told by the worker's description",
    before: "life.uncaught ?? error : error",
    after: "error : error"
  },
  {
    ...lifecycle,
    why: "the exit was seen",
    before: "  life.exitSeen = true\n",
    after: ""
  },
  {
    ...hosted,
    why: "a thread is asked to stop once",
    before: "    if (!life.stopAsked) {\n      life.stopAsked = true",
    after: "    {\n      life.stopAsked = true"
  },
  {
    ...hosted,
    why: "a thread is terminated once",
    before: "    if (!life.terminateCalled) {\n      life.terminateCalled = true",
    after: "    {\n      life.terminateCalled = true"
  },
  {
    ...thread,
    why: "silence is as many checks as were asked for",
    before: "++silentChecks >= settings.silentChecks",
    after: "++silentChecks >= settings.silentChecks - 1"
  },
  {
    ...thread,
    why: "checks count anew after each sign of life",
    before: "        silentChecks = 0\n        isExcused",
    after: "        isExcused"
  },
  {
    ...thread,
    why: "a thread whose turns go on is alive",
    before: "beat !== before.beat || turn !== before.turn || isResting",
    after: "beat !== before.beat || isResting"
  },
  {
    ...thread,
    why: "a thread that rests is alive",
    before: "turn !== before.turn || isResting || life.stopAsked",
    after: "turn !== before.turn || life.stopAsked"
  },
  {
    ...thread,
    why: "a thread that shows no sign of life is asked for one",
    before: "      probe(life)\n",
    after: ""
  },
  {
    ...thread,
    why: "a thread that was asked to stop answers to the stop timeout",
    before: "isResting || life.stopAsked",
    after: "isResting"
  },
  {
    ...hosted,
    why: "a thread that reported its failure may run its finalizers",
    before: "if (!hosted.life.leaving) return terminate(hosted)",
    after: "return terminate(hosted)"
  },
  {
    ...thread,
    why: "a dying thread is buried",
    before: "    Effect.andThen(bury(hosted))\n",
    after: ""
  },
  {
    ...hosted,
    why: "a thread that does not become ready is gone when that is told",
    before: "    yield* bury(hosted)\n",
    after: ""
  },
  {
    ...hosted,
    why: "a file whose entry has not run is not asked",
    before: "    if (!Life.hasEntered(life)) return kill(hosted)\n",
    after: ""
  },
  {
    ...reserve,
    why: "who is about to end is not given away",
    before: "!this.isTaken && crash === undefined",
    after: "!this.isTaken"
  },
  {
    ...reserve,
    why: "what has a place is not the reserve's to end",
    before: "standby.isTaken ? Effect.void : kill(hosted)",
    after: "kill(hosted)"
  },
  {
    ...reserve,
    why: "the next one loads when the one that took over is up",
    before: "    if (standby.isTaken) return yield* Deferred.await(life.settled)\n",
    after: "    if (standby.isTaken) return\n"
  },
  {
    ...reserve,
    why: "its end is that of its place",
    before: "    Object.assign(this.place, { name, index, epoch })\n    life.name = name\n",
    after: "    Object.assign(this.place, { name, index, epoch })\n"
  },
  {
    ...requests,
    why: "each question has a number of its own",
    before: "++this.numbers",
    after: "this.numbers"
  },
  {
    ...requests,
    why: "who has gone is forgotten",
    before: "return Effect.ensuring(restore(Deferred.await(answer)), forgets)",
    after: "return restore(Deferred.await(answer))"
  },
  {
    ...requests,
    why: "all who wait are given up",
    before: "const all = Array.from(this.waiting.values())",
    after: "const all = Array.from(this.waiting.values()).slice(0, 1)"
  },
  {
    ...requests,
    why: "what an answer changes is changed before anybody goes on",
    before: "    waiting.heard(answer)\n    Deferred.doneUnsafe(waiting.answer, Exit.succeed(answer))\n",
    after: "    Deferred.doneUnsafe(waiting.answer, Exit.succeed(answer))\n    waiting.heard(answer)\n"
  },
  {
    ...group,
    why: "a core is free again when a file is loaded",
    before: "Effect.andThen(thread.loaded, release)",
    after: "thread.loaded"
  },
  {
    ...group,
    why: "no more threads load at once than there are cores",
    before: "Effect.flatMap(restore(cores.take(1)), () => {",
    after: "Effect.flatMap(restore(cores.take(0)), () => {"
  },
  {
    ...group,
    why: "a core is given back once",
    before: "        if (!isHeld) return Effect.void\n",
    after: ""
  },
  {
    ...group,
    why: "questions are given up at the end of an incarnation",
    before: "          member.requests.giveUp()\n",
    after: ""
  },
  {
    ...group,
    why: "who has ended is asked nothing",
    before: "() => this.hasEnded, heard)",
    after: "undefined, heard)"
  },
  {
    ...group,
    why: "who has ended is not up",
    before: "          member.isUp = false\n",
    after: ""
  },
  {
    ...group,
    why: "each incarnation has a number of its own",
    before: "const epoch = ++member.starts",
    after: "const epoch = member.starts || ++member.starts"
  },
  {
    ...group,
    why: "a group stops its threads together",
    before: "stopOrder: \"together\"",
    after: "stopOrder: \"reverse\""
  },
  {
    ...poller,
    why: "what is added ends a nap",
    before: "    this.polled.push(entry)\n    this.wakeUp()\n",
    after: "    this.polled.push(entry)\n"
  },
  {
    ...poller,
    why: "what is rung for ends a nap",
    before: "    this.wakeUp()\n    if (!this.isScheduled && !this.isInTurn) this.run()",
    after: "    if (!this.isScheduled && !this.isInTurn) this.run()"
  },
  {
    ...poller,
    why: "a nap that was cut short ends no other one",
    before: "if (!this.isNapping || nap !== this.naps) return",
    after: "if (!this.isNapping) return"
  },
  {
    ...poller,
    why: "one that is wanted at once keeps all looking",
    before: "waitable.napMillis?.() ?? 0",
    after: "waitable.napMillis?.() ?? Infinity"
  },
  {
    ...poller,
    why: "who waits for one that was just asleep gives it the core",
    before: "waitable.isFar?.() !== true",
    after: "waitable !== undefined"
  },
  {
    ...poller,
    why: "who waits for another one goes on looking",
    before: "waitable.isFar?.() !== true",
    after: "waitable.isFar === undefined"
  }
]
