/* Does nothing: what every image has. */
import { addTo, measure } from "./measure.js"

measure(() => addTo(0, 0))
