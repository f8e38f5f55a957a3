from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageSequence
from rendering.containers import READERS
from rendering.films import film

from igcli.errors import UsageError
from igcli.rendering.animation import ANIMATIONS, Timing, encode, frame_files
from igcli.rendering.film import Look, draw_frames


@pytest.fixture(scope="module")
def frames() -> list[Image.Image]:
    return draw_frames(film(9))


def decoded(data: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(data)) as image:
        return [np.asarray(each.convert("RGB"), np.int16) for each in ImageSequence.Iterator(image)]


def test_every_registered_format_has_an_independent_reader_here():
    assert set(ANIMATIONS) == set(READERS)


@pytest.mark.parametrize("ending", list(ANIMATIONS))
class TestEveryFormat:
    def test_as_many_frames_out_as_in_with_exact_times_and_without_end(self, frames, ending):
        data = encode(frames, ending=ending, timing=Timing(fps=12.5, hold=1.23))
        file = READERS[ending](data)
        assert file.durations == [80] * 8 + [1310]
        assert file.plays == 0
        assert file.size == frames[0].size
        assert file.bytes_read == len(data)

    def test_no_frame_is_lost_when_all_importances_are_the_same(self, ending):
        still = draw_frames(film(21, importance=np.ones((21, 224, 224), np.float32)))
        data = encode(still, ending=ending)
        assert READERS[ending](data).durations == [100] * 20 + [1600]
        assert len(decoded(data)) == 21

    def test_no_frame_is_lost_when_there_is_no_importance_at_all(self, ending):
        black = draw_frames(film(5, importance=np.zeros((5, 224, 224), np.float32)))
        assert len(READERS[ending](encode(black, ending=ending)).durations) == 5

    @pytest.mark.parametrize("loop", [1, 3])
    def test_plays_as_often_as_asked(self, frames, ending, loop):
        assert READERS[ending](encode(frames, ending=ending, timing=Timing(loop=loop))).plays == loop

    def test_each_frame_shows_what_was_drawn(self, frames, ending):
        shown = decoded(encode(frames, ending=ending))
        assert len(shown) == len(frames)
        allowed = {".png": 0, ".gif": 4, ".webp": 10}[ending]  # a photo of noise is the worst case for both
        for got, drawn in zip(shown, frames, strict=True):
            assert np.abs(got - np.asarray(drawn, np.int16)).mean() <= allowed

    def test_the_text_of_neighbouring_frames_differs(self, frames, ending):
        strips = [frame[224:240, :80] for frame in decoded(encode(frames, ending=ending))]
        for one, other in itertools.pairwise(strips):
            assert np.abs(one - other).max() > 150

    def test_side_by_side_keeps_the_photo_still(self, ending):
        shown = decoded(encode(draw_frames(film(5), Look(side_by_side=True)), ending=ending))
        for frame in shown[1:]:
            changed = np.abs(frame[:224, :220] - shown[0][:224, :220])
            assert changed.mean() < (6 if ending == ".webp" else 1e-9)

    def test_the_same_frames_give_the_same_bytes(self, frames, ending):
        assert encode(frames, ending=ending) == encode(frames, ending=ending)

    def test_one_frame_is_no_animation(self, frames, ending):
        with pytest.raises(UsageError, match="at least 2 frames"):
            encode(frames[:1], ending=ending)


def test_all_frames_of_a_gif_share_their_colours(frames):
    colours = {tuple(pixel) for frame in decoded(encode(frames, ending=".gif")) for pixel in frame.reshape(-1, 3)}
    assert len(colours) <= 255


def test_a_pixel_that_does_not_change_does_not_flicker():
    """A grey wedge stands still while one corner changes colour: every shade must stay what it was."""
    wedge = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(40, axis=0)
    frames = []
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (250, 250, 10)):
        frame = wedge.copy()
        frame[:10, :10] = colour
        frames.append(Image.fromarray(frame))
    shown = decoded(encode(frames, ending=".gif"))
    for frame in shown[1:]:
        assert (frame[20:] == shown[0][20:]).all()
        assert not (frame[:10, :10] == shown[0][:10, :10]).all()


@pytest.mark.parametrize(("fps", "each"), [(50, 20), (30, 30), (25, 40), (10, 100), (7, 140), (1, 1000), (0.1, 10000)])
def test_times_are_the_nearest_multiple_of_ten_milliseconds(fps, each):
    assert Timing(fps=fps, hold=0.5).durations(3) == [each, each, each + 500]


@pytest.mark.parametrize("wrong", [{"fps": 0}, {"fps": 51}, {"fps": float("nan")}, {"hold": -1}, {"loop": -1}])
def test_impossible_times_are_refused(wrong):
    with pytest.raises(UsageError):
        Timing(**wrong)


def test_the_ending_chooses_the_format_in_any_case(frames):
    assert encode(frames, ending=".WEBP")[8:12] == b"WEBP"
    with pytest.raises(UsageError, match=r"\.gif, \.webp, \.png"):
        encode(frames, ending=".mp4")


def test_a_folder_of_frames_sorts_in_order_and_names_alpha(frames):
    files = list(frame_files(film(9), frames))
    assert [name for name, _ in files] == sorted(name for name, _ in files)
    assert files[2][0] == "2_alpha_0.25.png"
    with Image.open(io.BytesIO(files[3][1])) as image:
        assert (np.asarray(image) == np.asarray(frames[3])).all()
