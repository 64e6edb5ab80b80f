/** What every worker thread runs: it can host partitions and queries. */
import * as Layer from "effect/Layer"
import { ActorThread } from "shared-nothing"
import { PartitionLive } from "./partition.live.ts"
import { QueryLive } from "./query.live.ts"

ActorThread.launch(Layer.mergeAll(PartitionLive, QueryLive))
