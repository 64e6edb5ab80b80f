import type { Mutant } from "../support/mutant.ts"

const pools = "test/testing/pools.test.ts"
const submitter = { file: "src/pool/internal/submitter.ts", tests: ["test/pool/Submitter.test.ts", pools] }
const job = { file: "src/pool/internal/job.ts", tests: ["test/pool/Submitter.test.ts", pools] }
const worker = { file: "src/pool/internal/worker.ts", tests: ["test/pool/Submitter.test.ts", pools] }
const outcome = { file: "src/pool/internal/outcome.ts", tests: [pools] }
const owner = { file: "src/pool/internal/owner.ts", tests: [pools] }
const recipient = { file: "src/pool/internal/poolRecipient.ts", tests: ["test/pool/Submitter.test.ts", pools] }
const room = { file: "src/pool/internal/room.ts", tests: ["test/pool/Submitter.test.ts", pools] }
const queues = { tests: ["test/testing/poolQueues.test.ts"] }
const cargoes = {
  file: "src/pool/internal/cargoes.ts",
  tests: ["test/testing/poolMoving.test.ts", "test/pool/Cargoes.test.ts"]
}
const shedding = {
  file: "src/pool/internal/shedding.ts",
  tests: ["test/pool/Shedding.test.ts", "test/testing/poolQueues.test.ts"]
}
const line = { file: "src/pool/internal/line.ts", ...queues }
const allowances = {
  file: "src/pool/kernel/Allowances.ts",
  tests: ["test/pool/Allowances.test.ts", "test/testing/poolAllowances.test.ts"]
}
const blocking = { file: "src/pool/internal/blocking.ts", tests: ["test/testing/poolBlocking.test.ts"] }
const injectors = { file: "src/pool/kernel/Injectors.ts", ...queues }
const inbox = {
  file: "src/memory/Inboxes.ts",
  tests: ["test/memory/Inboxes.test.ts", "test/testing/poolWorkers.test.ts"]
}
const placed = {
  file: "src/pool/internal/submitter.ts",
  tests: ["test/pool/Submitter.test.ts", "test/testing/poolWorkers.test.ts"]
}
const placing = {
  file: "src/pool/internal/placing.ts",
  tests: ["test/pool/Submitter.test.ts", "test/testing/poolWorkers.test.ts"]
}
const routing = {
  file: "src/pool/internal/routing.ts",
  tests: ["test/pool/routing.test.ts", "test/testing/poolRoutes.test.ts"]
}
const pace = { file: "src/pool/internal/pace.ts", tests: ["test/pool/pace.test.ts"] }
const reloading = { file: "src/pool/internal/crew.ts", tests: ["test/testing/poolWorkers.test.ts"] }
const keyed = {
  file: "src/pool/internal/worker.ts",
  tests: ["test/testing/poolRoutes.test.ts", "test/testing/poolWorkers.test.ts", pools]
}
const sized = ["test/pool/Fences.test.ts", "test/testing/poolSizes.test.ts"]
const fences = { file: "src/pool/internal/fences.ts", tests: sized }
const crew = { file: "src/pool/internal/crew.ts", tests: sized }
const moving = { file: "src/pool/internal/placing.ts", tests: sized }
const sizing = { file: "src/pool/internal/sizing.ts", tests: ["test/pool/sizing.test.ts"] }
const gauge = { file: "src/pool/internal/gauge.ts", tests: ["test/pool/sizing.test.ts"] }
const recycled = { tests: ["test/testing/poolRecycling.test.ts"] }
const gate = {
  file: "src/pool/internal/keyGate.ts",
  tests: ["test/pool/Fences.test.ts", "test/testing/poolRoutes.test.ts", "test/testing/poolSizes.test.ts"]
}
const graces = { file: "src/pool/internal/graces.ts", tests: ["test/pool/Submitter.test.ts", pools] }
const runs = "test/testing/poolRunTimes.test.ts"
const limits = { file: "src/pool/internal/runLimits.ts", tests: ["test/pool/RunLimits.test.ts", runs] }
const poolClients = "test/testing/poolClients.test.ts"
const poolWork = "test/testing/poolWork.test.ts"
const next = { file: "src/pool/kernel/NextJob.ts", tests: ["test/pool/NextJob.test.ts", poolWork] }
const clients = { file: "src/pool/internal/clients.ts", tests: [poolClients] }
const client = { file: "src/pool/internal/client.ts", tests: [poolClients] }
const idle = { file: "src/memory/IdleSet.ts", tests: ["test/memory/IdleSet.test.ts", pools] }
const options = { file: "src/pool/internal/options.ts", tests: [pools] }
const spans = { file: "src/pool/internal/jobSpan.ts", tests: ["test/testing/poolSpans.test.ts"] }
const streams = { file: "src/pool/internal/streams.ts", tests: ["test/testing/poolStreams.test.ts"] }
const readers = { file: "src/pool/internal/streams.ts", tests: ["test/testing/poolReaders.test.ts"] }
const streamed = { ...streams, file: "src/pool/internal/streamedJob.ts" }

/** Faults in what becomes of jobs. */
export const mutants: ReadonlyArray<Mutant> = [
  {
    file: "src/pool/internal/submitter.ts",
    tests: ["test/testing/poolSpans.test.ts"],
    why: "of a job that is waited for for ever it is known how long it has waited",
    before: "job !== undefined && job.expiresAt < Infinity &&",
    after: "job !== undefined &&"
  },
  {
    file: "src/memory/JobTable.ts",
    tests: ["test/memory/JobTable.test.ts"],
    why: "each run starts by itself",
    before: "    if (this.hasRunLimit(slot)) this.setStart(slot, 0)\n",
    after: ""
  },
  {
    file: "src/memory/internal/jobCells.ts",
    tests: ["test/memory/JobTable.test.ts"],
    why: "the level of a job is what its submitter has said, whether its run has a limit or not",
    before: "+ levelWord]! & LEVELS",
    after: "+ levelWord]!"
  },
  {
    ...limits,
    why: "a run is over when it has taken its time, and not when the job has",
    before:
      "    if (stage === QUEUED || start === 0) return deadlines.add(limit, Math.max(limitMillis, LEAST_MILLIS))\n",
    after: ""
  },
  {
    ...limits,
    why: "who finds a run in the middle waits for the rest of its time",
    before: "if (ranMillis < limitMillis) return deadlines.add(limit, limitMillis - ranMillis)",
    after: "if (ranMillis < limitMillis) return deadlines.add(limit, limitMillis)"
  },
  {
    ...limits,
    why: "what has ended has not run for too long",
    before: "    if (stage !== QUEUED && stage !== RUNNING) return void this.all.delete(slot)\n",
    after: ""
  },
  {
    ...limits,
    why: "a long queue of jobs with a short limit is looked at every ten milliseconds",
    before: "Math.max(limitMillis, LEAST_MILLIS)",
    after: "limitMillis"
  },
  {
    ...limits,
    why: "no run seems longer than it is",
    before: "(Math.ceil(nowMillis) | 0) || 1",
    after: "Math.trunc(nowMillis) | 0"
  },
  {
    file: "src/pool/kernel/JobOptions.ts",
    tests: limits.tests,
    why: "a limit that is longer than a start can tell is refused",
    before: "millis > 0 && millis <= MAX_MILLIS ?",
    after: "millis > 0 ?"
  },
  {
    file: "src/pool/kernel/JobOptions.ts",
    tests: limits.tests,
    why: "a limit is a whole number, and never none",
    before: "const millis = Math.ceil(durationMillis(limit))",
    after: "const millis = Math.floor(durationMillis(limit))"
  },
  {
    ...limits,
    why: "no limit outlives the pool",
    before: "    for (const limit of this.all.values()) this.options.deadlines.remove(limit)\n",
    after: ""
  },
  {
    file: "src/pool/internal/worker.ts",
    tests: [runs],
    why: "a run starts when its handler is called, where the actor was not there yet",
    before: "    if (ask.seat.cell.phase === IDLE) this.starts(ask)\n",
    after: "    this.starts(ask)\n"
  },
  {
    file: "src/pool/internal/seat.ts",
    tests: [runs],
    why: "a run starts that has waited for its actor",
    before: "    this.bench.starts(this)\n",
    after: ""
  },
  {
    file: "src/pool/internal/submitter.ts",
    tests: [runs],
    why: "what was told and has run for too long is not begun again",
    before: "(message & UNAWAITED) !== 0 && !table.isWithdrawn(slot) :",
    after: "(message & UNAWAITED) !== 0 :"
  },
  {
    file: "src/pool/internal/submitter.ts",
    tests: [runs],
    why: "what a thread has told that has left has its time all the same",
    before: "      else if (table.hasRunLimit(slot)) this.limits.inherit(slot, table.runLimitOf(slot))\n",
    after: ""
  },
  {
    file: "src/pool/internal/runLimits.ts",
    tests: [runs],
    why: "what a thread has told that has left has the time that was left of it, and no more",
    before: "NaN, Math.min(limitMillis, LEAST_MILLIS))",
    after: "NaN)"
  },
  {
    file: "src/pool/internal/submitter.ts",
    tests: [runs],
    why: "what was told and has run for too long has no other time when its thread has left",
    before: "(table.messageOf(slot) & UNAWAITED) === 0 || table.isWithdrawn(slot)) this.withdrawn",
    after: "(table.messageOf(slot) & UNAWAITED) === 0) this.withdrawn"
  },
  {
    file: "src/pool/internal/submitter.ts",
    tests: [runs],
    why: "the error of a run says how long its job has waited since it was asked",
    before: "if (runMillis !== 0) this.limits.watch(slot, runMillis, since)",
    after: "if (runMillis !== 0) this.limits.watch(slot, runMillis, 0)"
  },
  {
    file: "src/pool/internal/submitter.ts",
    tests: [runs],
    why: "what was told is interrupted when it has run for too long",
    before: "if (this.withdrawn(slot)) this.failed(",
    after: "if (slot >= 0) this.failed("
  },
  {
    file: "src/pool/internal/aiming.ts",
    tests: [runs],
    why: "the elements of a stream may take any time behind the first",
    before: "    if (index >= this.options.defined) return 0\n",
    after: ""
  },
  {
    file: "src/pool/internal/aiming.ts",
    tests: [runs],
    why: "what a job says of its time stands above what its pool says",
    before: "return runMillis >= 0 ? runMillis : this.options.runMillis",
    after: "return this.options.runMillis"
  },
  {
    file: "src/pool/kernel/JobOptions.ts",
    tests: [runs],
    why: "a time of a run that is none is refused",
    before: "  if (Number.isNaN(runMillis)) throw wrong(pool, \"runTimeout\", runTimeout, runTimeouts)\n",
    after: ""
  },
  {
    ...options,
    tests: [runs],
    why: "a time of all runs that is none is refused",
    before: "  if (Number.isNaN(runMillis)) refuse(\"runTimeout\", runTimeout, runTimeouts)\n",
    after: ""
  },
  {
    file: "src/pool/internal/client.ts",
    tests: [runs],
    why: "who joins a pool has its time for runs",
    before: "settings: { key, capacity, overflow, graceMillis, runMillis, mayNap }",
    after: "settings: { key, capacity, overflow, graceMillis, runMillis: 0, mayNap }"
  },
  {
    file: "src/pool/internal/serve.ts",
    tests: [runs],
    why: "jobs of jobs have the time of their pool for runs",
    before: "      runMillis,\n",
    after: "      runMillis: 0,\n"
  },
  {
    file: "src/pool/kernel/InWorker.ts",
    tests: ["test/testing/poolScenarios.test.ts"],
    why: "what goes on when the time of a pool is over is interrupted, and has no other time after that",
    before: "isPooled: true, shutdownMillis: 0 }",
    after: "isPooled: true }"
  },
  {
    ...recycled,
    file: "src/pool/internal/wear.ts",
    why: "a heap that is large for a moment is no wear",
    before: "if (wasLarge && this.isLarge)",
    after: "if (this.isLarge)"
  },
  {
    ...recycled,
    file: "src/pool/internal/wear.ts",
    why: "what is worn is told once",
    before: "if (this.isTold || jobs === 0) return",
    after: "if (jobs === 0) return"
  },
  {
    ...recycled,
    file: "src/pool/internal/crew.ts",
    why: "what an incarnation has said is nothing to the next one",
    before: "worker.number !== number || !worker.isWanted ||",
    after: "!worker.isWanted ||"
  },
  {
    ...sizing,
    why: "workers that have time are not joined by others",
    before: "isLate && used >= USED_UP &&",
    after: "isLate &&"
  },
  {
    file: "src/pool/internal/share.ts",
    tests: ["test/pool/Share.test.ts"],
    why: "something of each batch is under way",
    before: "return underWay === 0 || ",
    after: "return "
  },
  {
    file: "src/pool/internal/share.ts",
    tests: ["test/pool/Share.test.ts"],
    why: "who is interrupted when he was let in has not the place of another",
    before: "if (one.hasEntered) this.leave()",
    after: "if (one.hasEntered) return"
  },
  {
    file: "src/pool/internal/poolRecipient.ts",
    tests: ["test/testing/poolMischief.test.ts"],
    why: "maps in jobs leave room to those in them",
    before: "options.isInside === true ? {",
    after: "options.isInside === null ? {"
  },
  {
    file: "src/pool/Parallel.ts",
    tests: ["test/testing/parallelMischief.test.ts"],
    why: "whoever watches the progress of items that throw hears of its end",
    before: "    return Effect.acquireUseRelease(batch.begin(0), () => inTheirTime(all), () => batch.end)",
    after:
      "    void inFlightOf(pool, options)\n    return Effect.acquireUseRelease(batch.begin(0), () => inTheirTime(all), () => batch.end)"
  },
  {
    file: "src/pool/Parallel.ts",
    tests: ["test/testing/parallelMischief.test.ts"],
    why: "what is no effect is given to no fiber",
    before: "  Effect.isEffect(made)\n",
    after: "  made !== null\n"
  },
  {
    ...sizing,
    why: "there are no more workers than there is memory for",
    before: "memoryBytes > memory * memoryLimitBytes",
    after: "memoryBytes > memoryLimitBytes"
  },
  {
    ...sizing,
    why: "what is held is told once",
    before: "if (isHeld && !wasHeld) held(",
    after: "if (isHeld) held("
  },
  {
    file: "src/pool/internal/compensation.ts",
    tests: ["test/testing/poolMemory.test.ts"],
    why: "nobody stands in where there is no memory for him",
    before: "if (by > 0 && isShort(signal)) {",
    after: "if (by < 0 && isShort(signal)) {"
  },
  {
    ...sizing,
    why: "a size is not decided back and forth",
    before: "return used * size / (size - 1) < USED_UP ?",
    after: "return used < USED_UP ?"
  },
  {
    file: "src/pool/internal/loopMeter.ts",
    tests: ["test/pool/LoopMeter.test.ts"],
    why: "a worker that sleeps with its thread is nobody else's",
    before: "- (restedMillis - sinceRested) - LOOK_MILLIS",
    after: "- LOOK_MILLIS"
  },
  {
    file: "src/pool/internal/loopMeter.ts",
    tests: ["test/pool/LoopMeter.test.ts"],
    why: "to look for a job is nothing else",
    before: "(restedMillis - sinceRested) - LOOK_MILLIS",
    after: "(restedMillis - sinceRested)"
  },
  {
    file: "src/pool/internal/submitter.ts",
    tests: ["test/testing/poolQueues.test.ts"],
    why: "nothing is given up for what a pool that closes refuses",
    before: "outcome === TAKEN && !this.takes(index, false) ? REFUSED : outcome",
    after: "outcome === TAKEN && this.ended !== undefined ? REFUSED : outcome"
  },
  {
    file: "src/pool/internal/submitter.ts",
    tests: ["test/testing/poolQueues.test.ts"],
    why: "what has taken the place of another is done",
    before: "(isOwed || !this",
    after: "(!this"
  },
  {
    file: "src/pool/internal/cargoes.ts",
    tests: ["test/testing/poolQueues.test.ts"],
    why: "nothing is given up for what is too large",
    before: "return bytes > this.access.arena.capacityBytes ? TOO_LARGE : TAKEN",
    after: "return TAKEN"
  },
  {
    ...sizing,
    why: "whose event loop something else has is used up",
    before: "? utilisation + elsewhere :",
    after: "? utilisation :"
  },
  {
    ...sizing,
    why: "one of several jobs uses nobody up",
    before: "Math.max(occupied, loopUtilisation ?? utilisation)",
    after: "utilisation"
  },
  {
    ...sizing,
    why: "a worker that does not come up is tried later each time",
    before: "? 0 : failures + 1",
    after: "? 0 : 0"
  },
  {
    ...gauge,
    why: "a worker that had something to do is not idle",
    before: "running > 0 || jobs !== this.lastJobs",
    after: "running > 0"
  },
  {
    ...gauge,
    why: "a worker that has come is not idle for as long as the one before it",
    before: "size - 1 !== this.last || running",
    after: "running"
  },
  {
    file: "src/memory/JobTable.ts",
    tests: ["test/memory/JobTable.test.ts"],
    why: "a job for one worker is begun by no other",
    before: "!== whom && (stage === queued || stage === WITHDRAWN)) return STALE",
    after: "!== whom && stage === WITHDRAWN) return STALE"
  },
  {
    ...fences,
    why: "what is sent of a key waits for what was sent before",
    before: "if (fence.waiting.length === 0 && fence.lane === lane) {",
    after: "if (fence.waiting.length === 0) {"
  },
  {
    ...fences,
    why: "what waits is asked too whom it is behind",
    before: "fence.waiting.length === 0 && fence.lane",
    after: "fence.lane"
  },
  {
    ...fences,
    why: "what waits for another worker stays behind those that go",
    before: "while (count < waiting.length && this.laneOf(waiting[count]!) === fence.lane) count++",
    after: "while (count < waiting.length) count++"
  },
  {
    ...fences,
    why: "what a dead thread has kept back is in the order in which it was sent",
    before: "slots.toSorted((a, b) => (table.turnOf(a) - table.turnOf(b)) | 0)",
    after: "slots.toSorted((a, b) => a - b)"
  },
  {
    ...moving,
    why: "what only a worker may do that has left is done by no other",
    before: "if (isPinned(word)) left.push(slot)\n        else",
    after: "if (false) left.push(slot)\n        else"
  },
  {
    ...moving,
    why: "what is sent to a worker that is not there is refused",
    before: "if (place < this.count) return target\n",
    after: "if (place < this.access.table.workers) return target\n"
  },
  {
    ...gate,
    why: "a key that a worker has is no other's",
    before: "if (!holds.take(key, place)) return false",
    after: "holds.take(key, place)"
  },
  {
    ...gate,
    why: "a key is free again when its job was not begun",
    before: "if (reserved !== 0) this.letGo(reserved)",
    after: ""
  },
  {
    ...gate,
    why: "who wants a key hears that it is free",
    before: "    this.lifts = lifts\n    return true",
    after: "    this.lifts = lifts\n    return false"
  },
  {
    ...crew,
    why: "a worker that leaves does not come back",
    before: "if (!this.isWanted) return \"stop\"",
    after: ""
  },
  {
    ...crew,
    why: "a worker that is wanted again goes on",
    before: "if (worker.retiring > 0) tell(worker, 0)\n      return",
    after: "return"
  },
  {
    ...crew,
    why: "workers above one that has not come up leave again",
    before: "for (const worker of coming.slice(there)) dismiss(worker)",
    after: ""
  },
  {
    tests: ["test/pool/threads.test.ts"],
    file: "src/pool/internal/worker.ts",
    why: "a worker that leaves comes to the end of what is for it",
    before: "const hasMore = this.isLast && this.hasOwn() || this.isReading",
    after: "const hasMore = this.isReading"
  },
  {
    ...crew,
    file: "src/pool/internal/owner.ts",
    why: "the row of a worker that has left is somebody's",
    before: "if (isVacant && access.table.phase() !== ENDED) inherit",
    after: "if (isVacant && access.table.phase() > ENDED) inherit"
  },
  {
    file: "src/pool/internal/left.ts",
    why: "a job that waits to be begun again may have had effects",
    before: " || table.begunOf(slot) > 0",
    after: "",
    tests: [pools]
  },
  {
    file: "src/pool/internal/left.ts",
    why: "who leaves does not know what becomes of what waits",
    before: " !== QUEUED || \"unknown\"",
    after: " !== QUEUED",
    tests: ["test/testing/poolClients.test.ts"]
  },
  {
    file: "src/pool/internal/escalation.ts",
    why: "a program that ends with its pool has not succeeded",
    before: "yield* Effect.addFinalizer(() => Effect.sync(() => tell(self)))",
    after: "",
    tests: ["test/testing/poolGaveUp.test.ts"]
  },
  {
    file: "src/pool/internal/owner.ts",
    why: "a program ends whose pool gives up",
    before: "recipient.escalation = yield* Escalation.ending(owner.escalation)",
    after: "recipient.escalation = Effect.never",
    tests: ["test/testing/poolGaveUp.test.ts"]
  },
  {
    file: "src/pool/internal/owner.ts",
    tests: ["test/testing/poolGaveUp.test.ts"],
    why: "who stands on a pool that gives up is told",
    before: "  Escalation.tell(escalation)\n",
    after: ""
  },
  {
    ...crew,
    file: "src/pool/internal/owner.ts",
    why: "what a dead worker held is free",
    before: "access.holds?.releaseAll(worker.index - 1)",
    after: ""
  },
  {
    ...streams,
    why: "a stream that has nothing for long keeps no worker from others",
    before: "      seat.waits()\n",
    after: ""
  },
  {
    file: "src/pool/internal/poolRecipient.ts",
    tests: ["test/testing/poolMischief.test.ts"],
    why: "who asks whom a pool waits for has an answer",
    before: "    else if (kind === WAITS) answered({ _tag: \"Waits\", waits: [] })\n",
    after: ""
  },
  {
    ...readers,
    why: "a stream ends with the thread of its reader",
    before: "if (isGone(open.reader)) this.options.run(this.close(open))",
    after: "isGone(open.reader)"
  },
  {
    ...readers,
    why: "a stream that is begun for a reader that has gone meanwhile ends",
    before:
      "    if (!table.isWithdrawn(slot)) return { row, heirs }\n    this.successions = NaN\n    return { row, heirs: heirs - 1 }",
    after: "    return { row, heirs }"
  },
  {
    file: "src/pool/internal/memory.ts",
    tests: ["test/pool/succession.test.ts"],
    why: "workers that sleep hear that a reader has gone",
    before: "  for (const bell of bells.slice(1, 1 + table.workers)) bell.ring()\n",
    after: ""
  },
  {
    file: "src/memory/internal/jobCells.ts",
    tests: ["test/pool/succession.test.ts"],
    why: "a row says that another thread has it",
    before: "    Atomics.add(this.cells, this.rows + submitter * rowCells + heirsWord, 1)\n",
    after: ""
  },
  {
    ...streams,
    why: "no stream is taken for one of an incarnation that has gone",
    before: "this.last = options.incarnation * 2 ** 32",
    after: "this.last = 0 * options.incarnation"
  },
  {
    ...streams,
    why: "an element that cannot be sent comes behind those that can",
    before: "        if (parts.length > 0) break\n",
    after: ""
  },
  {
    ...streamed,
    why: "a reader that goes between two batches tells its worker",
    before: "    job?.withdraw()\n    this.close()",
    after: "    job?.withdraw()"
  },
  {
    ...streamed,
    why: "what comes for a reader that has gone is let go",
    before: "if (this.isOver) return this.close()",
    after: "if (this.isOver) return"
  },
  {
    ...worker,
    tests: ["test/testing/poolStreams.test.ts"],
    why: "a worker whose streams are read is not made anew",
    before: "const hasMore = this.isLast && this.hasOwn() || this.isReading",
    after: "const hasMore = this.isLast && this.hasOwn()"
  },
  {
    ...spans,
    why: "a span lies where no payload does",
    before: "span === undefined ? roomBytes : roomBytes - TraceContext.TRACE_BYTES",
    after: "span === undefined ? roomBytes : roomBytes - 0 * TraceContext.TRACE_BYTES"
  },
  {
    ...spans,
    why: "what its own worker runs is not stolen",
    before: "row !== rowOf(worker) && row >= rowOf(0)",
    after: "row >= rowOf(0)"
  },
  {
    ...spans,
    why: "a job that was asked for from outside is not stolen",
    before: "row >= rowOf(0) && row < rowOf(table.workers)",
    after: "row < rowOf(table.workers)"
  },
  {
    ...spans,
    tests: ["test/pool/Submitter.test.ts"],
    why: "a job that was taken and found to be too late was not begun",
    before: "table.stageOf(slot) === DISCARDED ? begun - 1 : begun",
    after: "begun"
  },
  {
    ...spans,
    why: "a job that waits when it is withdrawn was begun by nobody",
    before: "if (stage === WITHDRAWN) return",
    after: "if (stage === WITHDRAWN && worker > 0) return"
  },
  {
    ...job,
    tests: ["test/testing/poolSpans.test.ts"],
    why: "a span that throws is no business of the job",
    before: "    } catch (thrown) {\n      desk.failed(`the span of an ask",
    after: "    } catch (thrown) {\n      throw thrown\n      desk.failed(`the span of an ask"
  },
  {
    ...room,
    tests: ["test/testing/poolSpans.test.ts"],
    why: "what is told in the place of something older is in its sender's trace",
    before: "tellWaiterOf(index, payload, span, ",
    after: "tellWaiterOf(index, payload, undefined, "
  },
  {
    ...routing,
    why: "keys are spread whatever they look like",
    before: "return (x ^ (x >>> 16)) >>> 0",
    after: "return hash >>> 0"
  },
  {
    ...routing,
    why: "a sticky key stays",
    before: "home = places.settle(hash, leastLoaded(places), home)",
    after: "home = leastLoaded(places)"
  },
  {
    ...routing,
    why: "a worker that is not there is refused",
    before: "place >= 0 && place < count",
    after: "place >= 0"
  },
  {
    ...shedding,
    why: "the place of a job that was given up is one place",
    before: "      this.outstanding++\n",
    after: ""
  },
  {
    ...shedding,
    why: "a slot that is used again is not given up for its last job",
    before: "this.jobs[slot - this.first] === job",
    after: "job > 0 && slot >= this.first"
  },
  {
    ...queues,
    file: "src/pool/internal/room.ts",
    why: "what is lowest is given up first",
    before: "for (let level = LOW; level >= highest; level--) {",
    after: "for (let level = 0; level <= LOW; level++) {"
  },
  {
    ...queues,
    file: "src/pool/internal/room.ts",
    why: "nothing is given up for what is lower",
    before: "level >= highest; level--",
    after: "level >= 0; level--"
  },
  {
    ...queues,
    why: "what cannot be sent displaces nothing",
    file: "src/pool/internal/cargoes.ts",
    before: "if (!this.canLeave(message, bytes)) return INVALID\n    return bytes >",
    after: "return bytes >"
  },
  {
    ...shedding,
    why: "what had been begun is never given up",
    before: "  kept(slot: number): void {\n    this.jobs[slot - this.first] = 0",
    after: "  kept(slot: number): void {\n    this.jobs[slot - this.first]! += 0"
  },
  {
    ...shedding,
    why: "what came and went is forgotten in time",
    before: "if (this.items.length - this.head > most) this.compact(isThere)",
    after: "if (this.items.length - this.head > most) this.items.length = 0"
  },
  {
    ...line,
    why: "who is highest is let in first",
    before: "return this.lines[this.next()]!.first()",
    after: "return this.lines.findLast((line) => line.length > 0)?.first()"
  },
  {
    ...line,
    why: "those of a key are let in in order",
    before: "const level = found?.level ?? own",
    after: "const level = own"
  },
  {
    ...line,
    why: "who is given up is of the level that he says, and not of that behind which he waits",
    before: "this.ages?.[own]!.push(waiter)",
    after: "this.ages?.[level]!.push(waiter)"
  },
  {
    ...line,
    tests: ["test/pool/Line.test.ts"],
    why: "who may not be given up is not",
    before: "if (mayShed) this.ages",
    after: "this.ages"
  },
  {
    file: "src/pool/internal/submitter.ts",
    tests: ["test/testing/poolStreamsFull.test.ts"],
    why: "what lets a stream go is not given up",
    before: "if (this.aiming.mayShed(message.index)) this.shedding",
    after: "this.shedding"
  },
  {
    file: "src/pool/internal/poolRecipient.ts",
    tests: ["test/testing/poolStreamsFull.test.ts"],
    why: "a stream that has begun is read on when there is room",
    before: "overflow === \"suspend\" || isInside !== true && !this.submitter.aiming.mayShed(index)",
    after: "overflow === \"suspend\""
  },
  {
    ...line,
    tests: ["test/pool/Line.test.ts"],
    why: "who has been let in is not given up",
    before: "      if (waits(waiter)) return waiter\n",
    after: "      return waiter\n"
  },
  {
    ...line,
    why: "who has given up keeps nobody in his line",
    before: "      this.lines[waiter.level]!.abandon(waiter)\n      this.left(waiter)",
    after: "      this.lines[waiter.level]!.abandon(waiter)"
  },
  {
    ...allowances,
    why: "a place that is let go is another worker's",
    before: "    if (queues.hasAt(lane)) idle.wake()\n",
    after: ""
  },
  {
    ...allowances,
    why: "a worker is rung that was refused a place for what waits for it alone",
    before: "if (this.lots[lane]!.release((held - lane) / LANES)) wanted()",
    after: "this.lots[lane]!.release((held - lane) / LANES)"
  },
  {
    ...allowances,
    file: "src/pool/internal/owner.ts",
    why: "what a dead worker had of an allowance is free",
    before: "  for (const lot of access.lots) lot?.releaseAll(worker.index - 1)\n",
    after: ""
  },
  {
    ...allowances,
    file: "src/pool/internal/keyGate.ts",
    why: "a job that has ended has no place",
    before: "    seat.lane = -1\n    this.lends(seat)\n",
    after: ""
  },
  {
    ...allowances,
    file: "src/pool/internal/keyGate.ts",
    why: "a job that was not begun has no place",
    before: "    allowed?.allowances.passed(allowed.queues)\n  }\n\n  /** The handler",
    after: "  }\n\n  /** The handler"
  },
  {
    ...allowances,
    file: "src/pool/internal/seat.ts",
    why: "a job that waits for jobs has no place",
    before: "if (this.nested++ === 0) this.places.lends(this)",
    after: "this.nested++"
  },
  {
    file: "src/pool/internal/serve.ts",
    tests: ["test/testing/poolBecome.test.ts"],
    why: "what a behaviour becomes has the streams of a pool",
    before: "hosting: streams.hosting",
    after: "hosting: undefined"
  },
  {
    ...blocking,
    why: "what blocks no more is told when it is the last",
    before: "if (--this.count === 0) this.tell(false)",
    after: "this.count--\n    this.tell(false)"
  },
  {
    ...blocking,
    file: "src/pool/internal/compensation.ts",
    why: "who stands in stays while something blocks again and again",
    before: "if (isOther || !(yield* step(-1, \"unblocked\"))) break",
    after: "if (!(yield* step(-1, \"unblocked\")) || isOther) break"
  },
  {
    ...blocking,
    file: "src/pool/internal/owner.ts",
    why: "a worker that has died blocks no more",
    before: "  blocked.set(worker.number, false)\n",
    after: ""
  },
  {
    ...blocking,
    file: "src/pool/internal/crew.ts",
    why: "a size that was asked for is as it was asked for",
    before: "    if (reason.why === \"asked\") crew.compensated = 0\n",
    after: ""
  },
  {
    ...injectors,
    why: "a lower level is not starved",
    before: "        ages.picked(lane, waits)\n",
    after: ""
  },
  {
    ...queues,
    file: "src/memory/Inboxes.ts",
    why: "a lower level of what is for one worker is not starved",
    before: "    this.ages.picked(foundLevel, this.waits)\n",
    after: ""
  },
  {
    ...queues,
    file: "src/memory/Inboxes.ts",
    why: "a worker looks at levels from the first job on that has one",
    before: "    if (level !== 0) Atomics.store(cells, this.rowOf(worker) + levelledWord, 1)\n",
    after: ""
  },
  {
    ...queues,
    file: "src/pool/internal/aiming.ts",
    why: "the priority of one job stands above that of its message",
    before: "return level >= 0 ? level : this.options",
    after: "return this.options"
  },
  {
    ...queues,
    file: "src/pool/internal/fences.ts",
    why: "the jobs of a key are in order whatever their priorities",
    before: "    if (!this.isCounting && key !== 0 && this.table.levelOf(slot) !== 0) this.countAll(slot)\n",
    after: ""
  },
  {
    ...fences,
    why: "what a dead thread has kept back is behind what it has sent of another priority",
    before: "    this.isCounting = this.hasLevels()\n",
    after: ""
  },
  {
    ...routing,
    file: "src/pool/internal/routing.ts",
    tests: ["test/testing/poolRoutes.test.ts"],
    why: "the key of one job goes where the route of its message would have it go",
    before: "{ placement = rendezvous }: Pick<Route, \"placement\"> = {}",
    after: "{ placement: _ }: Pick<Route, \"placement\"> = {}, placement = rendezvous"
  },
  {
    ...routing,
    why: "what has no key is refused",
    before: "if (isKey(key)) return",
    after: "if (typeof key === \"string\") return"
  },
  {
    ...placing,
    tests: ["test/testing/poolRoutes.test.ts"],
    why: "a payload that breaks its schema is told as that, although it has no route",
    before: "return isInvalid ? -INVALID : -MISROUTED",
    after: "return -MISROUTED"
  },
  {
    ...gate,
    why: "of the jobs of a key one runs at a time",
    before: "ask !== undefined && keyOf(table.messageOf(ask.slot)) === key",
    after: "ask === undefined && key < 0"
  },
  {
    ...keyed,
    why: "what was held is looked at when the one before it has ended",
    before: "    this.inbox.release()\n",
    after: ""
  },
  {
    ...keyed,
    why: "one that is to end takes nothing new",
    before: "    if (this.retiring > 0 && !this.isLast && this.waiting === 0 && !this.isReading) return false\n",
    after: ""
  },
  {
    ...keyed,
    why: "one that is to end runs what its handlers wait for",
    before: "this.retiring > 0 && !this.isLast && this.waiting === 0",
    after: "this.retiring > 0 && !this.isLast"
  },
  {
    ...reloading,
    why: "a reload that is given up has its worker go on",
    before: "if (worker.isWanted && worker.retiring > 0 && isOld()) tell(worker, 0)",
    after: ""
  },
  {
    ...reloading,
    why: "a reload is no crash",
    before: "this.overdue !== undefined || this.isRetired",
    after: "this.overdue !== undefined"
  },
  {
    ...reloading,
    why: "workers are made anew one after the other",
    before: "!worker.isWanted || worker.starts > starts && worker.isUp",
    after: "!worker.isWanted || worker.retiring > 0"
  },
  {
    ...reloading,
    why: "a reload ends with its pool",
    before: "if (crew.hasEnded() || !worker.isWanted",
    after: "if (!worker.isWanted"
  },
  {
    ...reloading,
    tests: ["test/testing/poolBlocking.test.ts"],
    why: "a reload waits for no worker that has left meanwhile",
    before: "crew.hasEnded() || !worker.isWanted ||",
    after: "crew.hasEnded() ||"
  },
  {
    ...reloading,
    tests: ["test/testing/poolBlocking.test.ts"],
    why: "somebody stands in for a job that blocks while its worker is to be made anew",
    before: "crew.changes.withPermits(1)",
    after: "crew.commands.withPermits(1)"
  },
  {
    ...inbox,
    why: "senders take turns",
    before: "      this.first = submitter\n",
    after: ""
  },
  {
    ...inbox,
    why: "what was passed over moves up",
    before: "Atomics.store(cells, slots + (at & mask), cells[slots + ((at - 1) & mask)]!)",
    after: ""
  },
  {
    ...inbox,
    why: "the next incarnation runs nothing yet",
    before: "    this.running(0)\n",
    after: ""
  },
  {
    ...placing,
    why: "a worker is rung for what is for it alone",
    before: "table.levelOf(slot))\n    return this.access.bells[rowOf(place)]!.ring()",
    after: "table.levelOf(slot))\n    return false"
  },
  {
    ...placing,
    why: "what is begun again comes before what waits",
    before: "again.concat(there)",
    after: "there.concat(again)"
  },
  {
    ...placed,
    why: "what is for one worker is not put where others find it",
    before: "if (placeOf(this.access.table.messageOf(slot)) < 0) this.backlog.add(slot)",
    after: "this.backlog.add(slot)"
  },
  {
    ...placed,
    why: "what a dead thread had not put into an inbox is put there",
    before: "    if (this.outstanding > 0) this.placing.inherit()\n",
    after: ""
  },
  {
    ...placed,
    why: "the next incarnation of a worker is let into its inbox",
    before: "table.changes() !== this.changes ||",
    after: "haveDied(this.changes, table.changes()) ||"
  },
  {
    ...submitter,
    why: "what a dead thread had taken back is found by the next one",
    before: "this.returning = table.takeLeft(this.options.row, this.returned)",
    after: ""
  },
  {
    ...submitter,
    why: "a lost job does not point at its slot any more",
    before: "if (job !== undefined) job.slot = -1",
    after: ""
  },
  {
    ...room,
    why: "who waits learns what saying why he is refused has thrown",
    before:
      "      return { refusal: this.queue.refusalOf(index, payload, outcome) }\n    } catch (defect) {\n      return { defect }",
    after:
      "      return { refusal: this.queue.refusalOf(index, payload, outcome) }\n    } catch (defect) {\n      throw defect"
  },
  {
    ...submitter,
    why: "nothing is submitted once the pool takes no more",
    before: "    if (!this.takes(message.index, isOwed)) return REFUSED\n",
    after: ""
  },
  {
    ...submitter,
    why: "the end of a pool is heard of once",
    before: "return true\n    }\n    let did = false",
    after: "}\n    let did = false"
  },
  {
    ...submitter,
    why: "who waits for room that others have looks again",
    before: "return this.room.waiting > 0 && this.freeSlots === this.free.length",
    after: "return false"
  },
  {
    ...submitter,
    why: "who waits for room comes in when a job has come back",
    before: "if ((did || this.hasNothingToHearOf()) && this.room.waiting > 0) this.room.admit()",
    after: ""
  },
  {
    ...submitter,
    why: "what waits is put in again after a death",
    before: "if (stage === QUEUED || stage === WITHDRAWN) this.found(slot)",
    after: "if (stage === QUEUED || stage === WITHDRAWN) continue"
  },
  {
    ...submitter,
    why: "a job is begun no more often than its message allows",
    before: "table.begunOf(slot) < options.attempts[message & (UNAWAITED - 1)]!",
    after: "table.begunOf(slot) > 0"
  },
  {
    ...submitter,
    why: "a job may be begun again where its message allows",
    before: "table.begunOf(slot) < options.attempts[message & (UNAWAITED - 1)]!",
    after: "false"
  },
  {
    ...submitter,
    why: "a job that nobody waits for any more is withdrawn, and the worker that has it is told",
    before: "this.access.bells[rowOf(worker)]?.ring()",
    after: "void worker"
  },
  {
    ...graces,
    why: "what runs and nobody waits for has a grace",
    before: "this.deadlines.add(grace, this.millis)",
    after: "void grace"
  },
  {
    ...submitter,
    why: "one that has ended in its grace is not replaced",
    before: "if (table.condemn(slot)) this.replace(slot)",
    after: "this.replace(slot)"
  },
  {
    ...submitter,
    why: "who was condemned by one that has died is replaced",
    before: "else if (stage === CONDEMNED) this.replace(slot)",
    after: ""
  },
  {
    ...submitter,
    why: "what a submitter that has died waited for is withdrawn",
    before: "(table.messageOf(slot) & UNAWAITED) === 0 || table.isWithdrawn(slot)) this.withdrawn(slot)",
    after: "table.isWithdrawn(slot)) this.withdrawn(slot)"
  },
  {
    ...submitter,
    why: "who gives up while his payload is read has no job",
    before: "if (job?.isAwaited === false) return TAKEN",
    after: ""
  },
  {
    ...submitter,
    why: "whether there is room is looked at again after a payload was read",
    before:
      "    if (this.ended !== undefined) return REFUSED\n    if (this.isFull) return NO_ROOM\n    if (job?.isAwaited",
    after: "    if (job?.isAwaited"
  },
  {
    ...submitter,
    why: "the reply that a dead worker was writing is freed",
    before: "if (stage === WRITING) this.cargoes.discardReply(slot)",
    after: ""
  },
  {
    ...room,
    why: "those that are let in one by another are let in by a loop",
    before: "if (this.isAdmitting) return",
    after: ""
  },
  {
    ...room,
    why: "who gives up while his payload is read waits no longer",
    before: "if (waiter.abandoned) continue",
    after: ""
  },
  {
    ...submitter,
    why: "who waits until nothing is under way is told",
    before: "if (did && !this.isBusy) this.rest.tell()",
    after: ""
  },
  {
    ...submitter,
    file: "src/pool/internal/cargoes.ts",
    why: "a payload in the arena is freed with its slot",
    before: "    drop(access, access.table.payloadOf(slot))\n    access.table.setPayload(slot, INSIDE)",
    after: "    access.table.setPayload(slot, INSIDE)"
  },
  {
    ...cargoes,
    why: "what nobody has taken of what a job moves is free when its slot comes back",
    before: "access.table.setPayload(slot, INSIDE)\n    this.release(slot)",
    after: "access.table.setPayload(slot, INSIDE)"
  },
  {
    ...cargoes,
    why: "a thread that takes a slot over looks after what moves with its job",
    before: "    if (cargo.length > 0) this.sent.set(slot, cargo)\n  }\n\n  /** The jobs that are left",
    after: "  }\n\n  /** The jobs that are left"
  },
  {
    ...cargoes,
    why: "what a thread had moved away that has died before it showed the job is free",
    before: "table.setDraft(slot, PAYLOAD + message.index, bytes)",
    after: ""
  },
  {
    ...cargoes,
    file: "src/pool/internal/outcome.ts",
    why: "what a worker had moved away that has died before it showed the reply is free",
    before: "    table.setDraft(slot, outcome, bytes)\n",
    after: ""
  },
  {
    ...cargoes,
    file: "src/pool/internal/submitter.ts",
    why: "what moves with a job that nobody has begun is free before its asker goes on",
    before: "    this.cargoes.release(slot)\n    this.limits.forget(slot)",
    after: "    this.limits.forget(slot)"
  },
  {
    ...cargoes,
    file: "src/pool/internal/submitter.ts",
    why: "what a reply moves that nobody waits for is free",
    before: "    if (exit === undefined) this.cargoes.discardReply(slot)\n    else if",
    after: "    if"
  },
  {
    ...cargoes,
    file: "src/pool/internal/room.ts",
    why: "what moves with a job that is given up is free",
    before: "        cargoes.release(slot)\n",
    after: ""
  },
  {
    ...cargoes,
    file: "src/pool/internal/room.ts",
    why: "what moves with a message that is told and dropped is free",
    before: "      this.options.cargoes.discard(message, payload)\n",
    after: ""
  },
  {
    ...cargoes,
    file: "src/pool/internal/seat.ts",
    why: "what a handler has not used that fails is free",
    before: "    this.seat.cell.host.freight.accept(payload, cargo)\n",
    after: ""
  },
  {
    ...cargoes,
    file: "src/pool/internal/options.ts",
    why: "a job that something moves with is begun once",
    before: "  if (again !== undefined) {",
    after: "  if (again === null) {"
  },
  {
    ...cargoes,
    file: "src/pool/internal/worker.ts",
    why: "a worker that does not know a channel yet asks for it",
    before: "      if (this.waitsFor(ask)) return\n",
    after: ""
  },
  {
    ...owner,
    tests: ["test/testing/poolStreams.test.ts"],
    why: "the end of a pool waits for a stream between two batches",
    before: "countOpenStreams() === 0",
    after: "countOpenStreams() >= 0"
  },
  {
    ...submitter,
    tests: ["test/testing/poolStreams.test.ts"],
    why: "a stream is read on while its pool ends",
    before: "isOwed || !this.aiming.mayShed(index) ?",
    after: "isOwed ?"
  },
  {
    ...options,
    tests: ["test/testing/poolMoving.test.ts"],
    why: "a pool hosts no references to actors",
    before: "  if (referring !== undefined) {",
    after: "  if (referring === null) {"
  },
  {
    ...submitter,
    why: "what was taken back is noted as done",
    before: "if (isReturned) table.done(this.options.row, this.returning)",
    after: ""
  },
  {
    ...owner,
    file: "src/pool/internal/crew.ts",
    why: "a worker that is replaced has not crashed",
    before: "this.overdue !== undefined || this.isRetired",
    after: "this.isRetired"
  },
  {
    ...submitter,
    why: "the end settles what is under way",
    before: "for (const { begun, job } of jobs) job.stopped(reason, begun)",
    after: ""
  },
  {
    ...job,
    why: "who gives up while he waits for room does not come in",
    before: "if (!this.abandoned) desk.stopWaiting(this)",
    after: ""
  },
  {
    ...job,
    why: "whose time is over takes his job back",
    before: "const resume = this.withdraw()\n    if (resume !== undefined) this.handOver",
    after: "const resume = this.leave()\n    if (resume !== undefined) this.handOver"
  },
  {
    ...job,
    why: "a handler that waits for its jobs gives its seat to them",
    before: "    seat?.waits()\n",
    after: ""
  },
  {
    ...job,
    why: "a handler that waits for nothing any more has its seat again",
    before: "    seat?.goesOn()\n",
    after: ""
  },
  {
    ...worker,
    why: "a job whose time is over is not begun",
    before: "deadline !== Infinity && deadline <= this.nowMillis",
    after: "false"
  },
  {
    ...worker,
    why: "a worker has as many jobs as it may at once",
    before: "return taken - this.waiting < this.options.concurrency &&",
    after: "return taken > this.waiting &&"
  },
  {
    ...worker,
    why: "the handler of a job that nobody waits for is interrupted",
    before: "if (!cell.cancel(ask)) this.discard(ask)",
    after: ""
  },
  {
    ...worker,
    why: "a submitter that sleeps is told of what came back",
    before: "this.access.bells[this.access.table.submitterOf(slot)]!.ring()",
    after: ""
  },
  {
    ...outcome,
    why: "a reply that does not fit into its slot goes into the arena",
    before: "if (bytes <= table.roomBytes) {\n    scratch.copyTo(table.region, table.roomOf(slot))",
    after: "if (bytes > 0) {\n    scratch.copyTo(table.region, table.roomOf(slot))"
  },
  {
    ...outcome,
    why: "a reply that breaks its schema is a defect",
    before: "if (bytes < 0) return unsendable(",
    after: "if (bytes < 0) return discard(access, slot)\n    if (bytes < 0) return unsendable("
  },
  {
    ...outcome,
    why: "what lay in the arena for a slot is freed",
    before: "if (handle !== INSIDE && arena.adopt(handle) === handle) arena.release(handle)",
    after: ""
  },
  {
    ...owner,
    why: "an incarnation that has ended is off the table",
    before: "access.table.ended(worker.number)",
    after: ""
  },
  {
    ...owner,
    why: "what was accepted is handled before the end",
    before: "        drain(owner),",
    after: "        Effect.void,"
  },
  {
    ...owner,
    why: "the end of a pool has a time",
    before: "return Effect.raceFirst(Effect.andThen(submitter.idle, look), limit)",
    after: "return Effect.andThen(Effect.andThen(submitter.idle, look), Effect.asVoid(Effect.succeed(limit)))"
  },
  {
    ...recipient,
    why: "who waits for room keeps his place in the line",
    before: "    if (submitter.room.waiting > 0) return NO_ROOM\n",
    after: ""
  },
  {
    ...recipient,
    why: "a pool that may not wait refuses",
    before: "return overflow === \"fail\" ? REFUSED : submitter.room.displace(index, payload, aim, span)",
    after: "return NO_ROOM"
  },
  {
    ...options,
    why: "all slots fit into one buffer",
    before: "Math.min(MAX_CAPACITY, Math.floor(mostCapacity(workers, clients) / each))",
    after: "MAX_CAPACITY"
  },
  {
    ...clients,
    why: "the row of a client that has gone is another's",
    before: "this.options.retire(client.row, () => this.rows.push(client.row))",
    after: "this.options.retire(client.row, () => {})"
  },
  {
    ...clients,
    why: "of two pools of a name none is joined",
    before: "this.rivals.size > 0 ? { _tag: \"Ambiguous\" } : this.admit(layoutHash, request, thread)",
    after: "this.admit(layoutHash, request, thread)"
  },
  {
    ...clients,
    why: "a pool that has gone is no rival",
    before: "this.rivals.delete((gone as Control.Gone).pool)",
    after: "{}"
  },
  {
    ...clients,
    why: "who joins speaks the same protocol",
    before: "if (layoutHash !== options.layoutHash) {",
    after: "if (layoutHash === undefined) {"
  },
  {
    ...client,
    why: "who leaves has what it waits for settled",
    before: "    submitter.leave(ExitReason.scopeClosed)\n",
    after: ""
  },
  {
    ...client,
    why: "the owner hears of who leaves",
    before: "        voice.say(Control.LEAVE, { request: asked.request, pool: undefined } satisfies Control.Leave)\n",
    after: ""
  },
  {
    ...client,
    why: "a thread that waits for nothing hears of the end of the pool",
    before: "if ((gone as Control.Gone).pool === pool) submitter.end(",
    after: "if ((gone as Control.Gone).pool !== pool) submitter.end("
  },
  {
    ...client,
    why: "who looks for a pool hears of one that is made later",
    before: "if (first === undefined && (opened as Control.Opened).name === name) ask()",
    after: ""
  },
  {
    ...client,
    why: "a worker that holds the job of a client is replaced",
    before: "voice.say(Control.OVERDUE, { pool, ...overdue } satisfies Control.ClientOverdue)",
    after: "void [pool, overdue]"
  },
  {
    ...worker,
    why: "who waits for another pool has its worker look for what there is",
    tests: [poolWork],
    before: "if (seat !== undefined) this.access.bells[rowOf(this.options.place)]!.ring()\n    return seat",
    after: "return seat"
  },
  {
    ...worker,
    why: "who waits for another pool gives its place up",
    tests: [poolClients],
    before: "const seat = cell === undefined ? undefined : this.seats.find((one) => one.cell === cell)",
    after: "const seat = undefined as Seat | undefined"
  },
  {
    ...next,
    why: "who could take nothing is not woken for work",
    before: "if (takesAny) idle.announce(place)\n    else idle.announceBusy(place)",
    after: "idle.announce(place)"
  },
  {
    ...idle,
    why: "one that is busy does not count as one that searches",
    before:
      "    Atomics.and(this.cells, searchingCell + (worker >> 5), ~(1 << (worker & 31)))\n    this.bells[worker]!.prepare()\n",
    after: "    this.bells[worker]!.prepare()\n"
  },
  {
    ...owner,
    why: "jobs of clients are begun when all workers are up",
    tests: [poolClients],
    before: "    access.table.setPhase(STARTING)\n",
    after: ""
  },
  {
    ...owner,
    why: "jobs of clients are settled by the end of the pool, and are not lost with its workers",
    tests: [poolClients],
    before: "access.table.setPhase(STOPPING)",
    after: "{}"
  },
  {
    ...next,
    why: "jobs from outside come first now and then",
    before: "if (tick === 0 || tick === INBOX_TICK) {",
    after: "if (tick === INBOX_TICK) {"
  },
  {
    ...next,
    why: "a worker whose handlers wait takes so many and no more",
    before: "    if (!takesAny) return -1\n    slot = injector.next()",
    after: "    slot = injector.next()"
  },
  {
    ...next,
    why: "nor when jobs from outside come first",
    before: "takesAny ? injector.next() : -1",
    after: "injector.next()"
  },
  {
    ...next,
    why: "the last one that searches wakes another, if there is more",
    before: "if (idle.found(place) && this.hasWork()) idle.wake()",
    after: "idle.found(place)"
  },
  {
    ...recipient,
    why: "an ask whose payload throws waits for nothing",
    before: "      job.withdraw()\n      throw thrown",
    after: "      throw thrown"
  },
  {
    ...job,
    why: "an ask that has ended has no time any more",
    before: "    desk.deadlines.remove(this)\n",
    after: ""
  },
  {
    ...pace,
    why: "a short line is looked after at once",
    before: "rate >= FEW && outstanding - parallelism >= rate * LASTING_MILLIS",
    after: "rate >= FEW"
  },
  {
    ...pace,
    why: "what runs does not wait",
    before: "outstanding - parallelism >=",
    after: "outstanding >="
  },
  {
    ...pace,
    why: "who is woken for each does not look",
    before: "rate >= FEW && outstanding -",
    after: "outstanding -"
  },
  {
    ...pace,
    why: "who is in a hurry never naps",
    before: "    if (!this.mayNap) return 0\n",
    after: ""
  },
  {
    ...submitter,
    why: "who has woken a worker for a job of any knows it",
    before: "access.idle.wake()) this.hasWoken = true",
    after: "access.idle.wake()) this.hasWoken = false"
  },
  {
    ...submitter,
    why: "who has woken a worker for a job of its own knows it",
    before: "this.placing.put(slot)) this.hasWoken = true",
    after: "this.placing.put(slot)) this.hasWoken = false"
  },
  {
    ...submitter,
    why: "who has had a job back does not wait for one that wakes",
    before: "    this.hasWoken = false\n    const { access, name }",
    after: "    const { access, name }"
  },
  {
    file: "src/pool/internal/desk.ts",
    tests: ["test/pool/Submitter.test.ts"],
    why: "who is in the middle of a conversation goes on looking",
    before: "this.submitter().hasWoken && this.access.thread.runtime.nowMillis() - this.heardAt > LONG_MILLIS",
    after: "this.submitter().hasWoken"
  },
  {
    file: "src/pool/internal/spins.ts",
    tests: ["test/pool/spins.test.ts"],
    why: "who submits needs a core, too",
    before: "this.idle.awake() < this.cores",
    after: "this.idle.awake() <= this.cores"
  },
  {
    file: "src/pool/internal/outcome.ts",
    tests: ["test/testing/poolReplies.test.ts"],
    why: "a reply without room waits for it",
    before: "else if (handle === ARENA_FULL) late.keep(slot, outcome, scratch.take(), cargo)",
    after: "else if (handle === ARENA_FULL) giveUp(access, slot, bytes, \"has no room now\")"
  },
  {
    file: "src/pool/internal/outcome.ts",
    tests: ["test/testing/poolReplies.test.ts"],
    why: "payloads leave room to replies",
    before: "return bytes <= most ? most : arena.capacityBytes",
    after: "return arena.capacityBytes"
  },
  {
    file: "src/pool/Parallel.ts",
    tests: ["test/testing/parallel.test.ts"],
    why: "what waits behind the rest of its batch is not late",
    before: "() => inTheirTime(all)",
    after: "() => all"
  },
  {
    file: "src/pool/internal/serve.ts",
    tests: ["test/testing/launchers.test.ts"],
    why: "a file that launches something else is told so",
    before: "    yield* Launcher.checked(\"PoolThread.launch\", start)\n",
    after: ""
  }
]
