import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { streamContract } from "../contract/streamContract.ts"
import { fixture, quiet } from "./threads.ts"

streamContract("streams from worker threads", {
  layer: ActorSystem.layerThreads({ spawn: () => new Worker(fixture("actors"), quiet), threads: 1 }),
  live: true
})
