/** What every worker thread runs. */
import { ActorThread } from "shared-nothing"
import { TopicLive } from "./topic.ts"

ActorThread.launch(TopicLive)
