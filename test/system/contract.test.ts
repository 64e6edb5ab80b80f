/** The promises of actors, held by actors on worker threads. */
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { actorContract } from "../contract/actorContract.ts"
import { fixture, quiet } from "./threads.ts"

actorContract("ActorSystem.layerThreads", {
  layer: ActorSystem.layerThreads({ spawn: () => new Worker(fixture("actors"), quiet), threads: 1 }),
  live: true
})
