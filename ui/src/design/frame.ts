// The styles that every page has, in their order.
import './tokens.css';
import './base.css';
