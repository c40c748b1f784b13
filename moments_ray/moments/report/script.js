"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const line = document.getElementById("timeline");
  const duration = Number(line.dataset.duration);
  const playhead = document.getElementById("playhead");
  const readout = document.getElementById("readout");
  const invitation = readout.textContent;
  const blocks = all(".block");
  const videos = all("video");
  const sentences = all(".sentence");

  const card = (moment) => document.getElementById(`moment-${moment}`);

  const point = (block, on) => {
    card(block.dataset.moment).classList.toggle("pointed", on);
    readout.textContent = on ? block.getAttribute("aria-label") : invitation;
  };
  blocks.forEach((block, index) => {
    block.addEventListener("mouseenter", () => point(block, true));
    block.addEventListener("mouseleave", () => point(block, false));
    block.addEventListener("focus", () => point(block, true));
    block.addEventListener("blur", () => point(block, false));
    block.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step && blocks[index + step]) {
        event.preventDefault();
        blocks[index + step].focus();
      }
    });
  });

  const follow = (video) => {
    const now = Number(video.dataset.start) + video.currentTime;
    const x = `${(100 * now) / duration}%`;
    playhead.setAttribute("x1", x);
    playhead.setAttribute("x2", x);
    playhead.setAttribute("visibility", "visible");
    for (const sentence of sentences) {
      const heard = Number(sentence.dataset.start) <= now && now < Number(sentence.dataset.end);
      sentence.classList.toggle("now", heard && sentence.dataset.moment === video.dataset.moment);
    }
  };
  // One stop of the tab key a video: its own controls come when it plays, and go when another does.
  const show = (video) => {
    videos.forEach((other) => { other.controls = other === video; });
    video.play();
  };
  for (const video of videos) {
    video.controls = false;
    video.tabIndex = 0;
    video.addEventListener("click", () => { if (!video.controls) show(video); });
    video.addEventListener("keydown", (event) => {
      if (video.controls || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      show(video);
    });
    video.addEventListener("timeupdate", () => follow(video));
    video.addEventListener("seeked", () => follow(video));
    video.addEventListener("play", () => {
      videos.filter((other) => other !== video).forEach((other) => other.pause());
      blocks.forEach((block) => block.classList.toggle("playing", block.dataset.moment === video.dataset.moment));
    });
  }

  for (const sentence of sentences) {
    sentence.addEventListener("click", (event) => {
      const video = videos.find((candidate) => candidate.dataset.moment === sentence.dataset.moment);
      if (!video) return;
      event.preventDefault();
      video.currentTime = Math.max(0, Number(sentence.dataset.start) - Number(video.dataset.start));
      show(video);
      video.scrollIntoView({ block: "nearest" });
    });
  }
})();
