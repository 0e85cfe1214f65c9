// Charts draw in the theme's colors. The shell does not load them, so they register here.

let draw = () => {};

export const setRecolor = (recolor) => { draw = recolor; };
export const recolor = () => draw();
