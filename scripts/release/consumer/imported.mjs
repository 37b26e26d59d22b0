import * as kixx from 'kixx-datastore';
import { roundTrip, tellBinary } from './round-trip.js';

await roundTrip(kixx, 'data-imported');
tellBinary();
