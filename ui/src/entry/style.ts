import '../design/frame';
import '../design/components.css';
import '../design/style.css';
import { startStyle } from '../faces/style/app';

void startStyle();
