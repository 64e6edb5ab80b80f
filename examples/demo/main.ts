/**
 * `npm run demo`: three million flights through partition actors on worker threads, one of which is killed on the way.
 *
 * The records are streamed from the file to partitions (by origin airport), which count; query actors on the same
 * threads merge what all partitions counted into delays by hour of departure. When half of the records are in, one
 * thread is terminated. Its supervisor starts another one, its partitions are restored from their last checkpoints, and
 * what they had not yet counted is fed again. The result is held against a plain computation on one thread, value by
 * value, and the last line says how many records were lost or counted twice.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { ActorSystem, Tree } from "shared-nothing"
import * as Aggregate from "./aggregate.ts"
import * as Feeder from "./feeder.ts"
import { countFlights, flightsFile, readFlights } from "./flights.ts"
import { plain } from "./plain.ts"
import { Partition, Query } from "./protocol.ts"
import * as Report from "./report.ts"
import * as Screen from "./screen.ts"

const threads = Math.min(4, Math.max(2, availableParallelism() - 1))
const partitions = threads * 4
const victim = threads - 1

// The handles are kept for one purpose: to kill a thread behind the system's back.
const workers: Array<Worker> = []
const spawn = () => {
  const worker = new Worker(new URL("./worker.ts", import.meta.url))
  workers.push(worker)
  return worker
}

/** The actors of the run and what it has seen of their threads so far. */
interface Run {
  readonly startMillis: number
  readonly total: number
  readonly lanes: ReadonlyArray<Feeder.Lane>
  readonly queries: ReadonlyArray<typeof Query.ref.Type>
  threadRestarts: number
}

const count = (value: number): string => Math.round(value).toLocaleString("en-US")

const secondsSince = (startMillis: number): number => (performance.now() - startMillis) / 1000

const startRun = Effect.gen(function*() {
  const total = yield* countFlights(flightsFile)
  const lanes: Array<Feeder.Lane> = []
  for (let i = 0; i < partitions; i++) {
    lanes.push(new Feeder.Lane(yield* Partition.spawn(`p${i}`, { placement: { thread: i % threads } })))
  }
  const queries: Array<typeof Query.ref.Type> = []
  for (let thread = 0; thread < threads; thread++) {
    queries.push(yield* Query.spawn(`q${thread}`, { placement: { thread } }))
  }
  yield* Screen.say(`${count(total)} flights go to ${partitions} partitions on ${threads} worker threads`)
  const run: Run = { startMillis: performance.now(), total, lanes, queries, threadRestarts: 0 }
  return run
})

/** Reports what happens to threads, and counts their restarts. */
const watchThreads = (run: Run) =>
  Stream.runForEach(ActorSystem.events, (event) => {
    switch (event._tag) {
      case "ThreadEnded":
        return Screen.say(`${event.thread} is gone, and with it ${count(event.unread)} messages that it never read`)
      case "ThreadRestarted":
        run.threadRestarts++
        return Screen.say(`${event.thread} was restarted by its supervisor, with ${event.actors} actors`)
      default:
        return Effect.void
    }
  })

const progress = (run: Run): Effect.Effect<Report.Progress> =>
  Effect.map(Effect.all(run.lanes.map((lane) => lane.partition.depth)), (depths) => {
    const records = Feeder.recordsFed(run.lanes)
    return {
      records,
      total: run.total,
      recordsPerSecond: records / secondsSince(run.startMillis),
      mailboxDepth: depths.reduce((sum, depth) => sum + depth, 0),
      threadRestarts: run.threadRestarts
    }
  })

const killHalfway = Effect.fnUntraced(function*(run: Run) {
  yield* Effect.sleep("5 millis").pipe(
    Effect.repeat({ until: () => Feeder.recordsFed(run.lanes) >= run.total / 2 })
  )
  yield* Screen.say(`half of the records are in: killing worker thread ${victim} with terminate()`)
  yield* Effect.promise(() => workers[victim]!.terminate())
})

/** Feeds the whole file while the progress is shown and one thread is killed. */
const load = Effect.fnUntraced(function*(run: Run) {
  yield* Effect.forkScoped(Screen.showProgress(progress(run)))
  yield* Effect.forkScoped(killHalfway(run))
  yield* Stream.runForEach(readFlights(flightsFile), (chunk) => Feeder.feedChunk(run.lanes, chunk))
}, Effect.scoped)

/** The query actor of each thread asks all partitions; the answers must be the same. */
const queryAll = (run: Run) =>
  Effect.forEach(
    run.queries,
    (query) => query.ask.DelaysByHour({ partitions: run.lanes.map((lane) => lane.partition) }),
    { concurrency: "unbounded" }
  )

/** Holds the answers of the actors against the plain computation. */
const compare = Effect.fnUntraced(function*(run: Run, answers: ReadonlyArray<Aggregate.Summary>) {
  const startMillis = performance.now()
  const expected = yield* plain(readFlights(flightsFile))
  yield* Screen.say(`the plain computation on this thread took ${secondsSince(startMillis).toFixed(1)} s`)
  const counted = Aggregate.empty()
  for (const { checkpoint } of run.lanes) Aggregate.addCells(counted, checkpoint.cells, checkpoint.checksum)
  const { duplicated, lost, same } = Aggregate.difference(expected.aggregate, counted)
  const wrong = answers.flatMap((answer) => Aggregate.disagreements(expected.summary, answer))
  for (const line of wrong.slice(0, 10)) yield* Screen.say(`disagrees with the plain computation: ${line}`)
  return { lost, duplicated, ok: same && wrong.length === 0 && run.threadRestarts === 1 }
})

const describeRecovery = (run: Run): string => {
  const restored = run.lanes.filter((lane) => lane.recoveries > 0).length
  const fedAgain = run.lanes.reduce((sum, lane) => sum + lane.sent, 0) - run.total
  const refused = run.lanes.reduce((sum, lane) => sum + lane.checkpoint.refused, 0)
  return `${restored} partitions were restored from their checkpoints: ${count(fedAgain)} records were fed again, ` +
    `${count(refused)} had been refused because earlier ones were missing`
}

const program = Effect.gen(function*() {
  const run = yield* startRun
  yield* Effect.forkScoped(watchThreads(run))
  yield* load(run)
  const seconds = secondsSince(run.startMillis)
  yield* Screen.say(`all records are in after ${seconds.toFixed(1)} s, ${count(run.total / seconds)} records a second`)
  yield* Screen.say(describeRecovery(run))
  const answers = yield* queryAll(run)
  const { duplicated, lost, ok } = yield* compare(run, answers)
  yield* Screen.say(`\n${Report.delayTable(answers[0]!)}\n\n${Tree.render(yield* ActorSystem.tree)}\n`)
  yield* Screen.say(Report.verdictLine({
    records: answers[0]!.records,
    lost,
    duplicated,
    threadRestarts: run.threadRestarts,
    seconds: performance.now() / 1000,
    ok
  }))
  if (!ok) process.exitCode = 1
})

program.pipe(
  Effect.scoped,
  Effect.provide(ActorSystem.layerThreads({ spawn, threads })),
  // The demo itself tells of the thread that is lost; the supervisor's warning would say it again.
  Effect.provideService(References.MinimumLogLevel, "Error"),
  NodeRuntime.runMain
)
