import '../design/frame';
import '../design/components.css';
import '../design/map.css';
import { startMap } from '../faces/map/app';

void startMap(true);
