import * as Layer from "effect/Layer"
import { ActorSystem } from "shared-nothing"
import { streamContract } from "../contract/streamContract.ts"
import { Live } from "../fixtures/actors.ts"

streamContract("streams on one thread", { layer: Live.pipe(Layer.provideMerge(ActorSystem.layer)), live: false })
