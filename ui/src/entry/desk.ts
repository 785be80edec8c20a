import '../design/frame';
import '../design/components.css';
import '../design/desk.css';
import { startDesk } from '../faces/desk/app';

void startDesk();
