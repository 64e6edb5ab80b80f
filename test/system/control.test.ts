/** The promises of commands, held by actors on worker threads. */
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { controlContract } from "../contract/controlContract.ts"
import { fixture, quiet } from "./threads.ts"

controlContract("commands to actors on other threads", {
  layer: ActorSystem.layerThreads({ spawn: () => new Worker(fixture("actors"), quiet), threads: 1 }),
  live: true
})
