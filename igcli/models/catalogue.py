"""torchvision's published classifiers, as a table: what there is can be listed without importing torchvision.

Loading goes by torchvision's own metadata; a test holds the two together, and says how to write the table anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from igcli.models.cache import Source

ADDRESS = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class Published:
    """A network and one of its sets of weights.

    Attributes
    ----------
    name, weights
        As in ``NAME@WEIGHTS``.
    default
        Whether ``NAME`` alone means these weights.
    size
        The side of the square input, in pixels.
    classes
        How many.
    megabytes
        The file's size, in 10⁶ bytes.
    filename
        In the cache, and at :data:`ADDRESS`.
    """

    name: str
    weights: str
    default: bool
    size: int
    classes: int
    megabytes: int
    filename: str

    @property
    def source(self) -> Source:
        """Where the file is to be had, and how its hash begins."""
        return Source.at(ADDRESS + self.filename)

    @property
    def largest(self) -> int:
        """Bytes that the file has at most; ``megabytes`` is rounded."""
        return (self.megabytes + 2) * 1_000_000 + self.megabytes * 50_000


@cache
def catalogue() -> tuple[Published, ...]:
    """All of them, by name; for each the sets in torchvision's order."""
    rows = (line.split() for line in _TABLE.splitlines())
    return tuple(Published(a, b, c == "*", int(d), int(e), int(f), g) for a, b, c, d, e, f, g in rows)


def find_published(name: str) -> Published | None:
    """The entry of ``NAME`` or ``NAME@WEIGHTS``, or ``None``."""
    family, _, wanted = name.partition("@")
    own = (entry for entry in catalogue() if entry.name == family)
    return next((entry for entry in own if (entry.weights == wanted if wanted else entry.default)), None)


_TABLE = """\
alexnet IMAGENET1K_V1 * 224 1000 244 alexnet-owt-7be5be79.pth
convnext_base IMAGENET1K_V1 * 224 1000 354 convnext_base-6075fbad.pth
convnext_large IMAGENET1K_V1 * 224 1000 791 convnext_large-ea097f82.pth
convnext_small IMAGENET1K_V1 * 224 1000 201 convnext_small-0c510722.pth
convnext_tiny IMAGENET1K_V1 * 224 1000 114 convnext_tiny-983f1562.pth
densenet121 IMAGENET1K_V1 * 224 1000 32 densenet121-a639ec97.pth
densenet161 IMAGENET1K_V1 * 224 1000 116 densenet161-8d451a50.pth
densenet169 IMAGENET1K_V1 * 224 1000 57 densenet169-b2777c0a.pth
densenet201 IMAGENET1K_V1 * 224 1000 81 densenet201-c1103571.pth
efficientnet_b0 IMAGENET1K_V1 * 224 1000 21 efficientnet_b0_rwightman-7f5810bc.pth
efficientnet_b1 IMAGENET1K_V1 - 240 1000 32 efficientnet_b1_rwightman-bac287d4.pth
efficientnet_b1 IMAGENET1K_V2 * 240 1000 32 efficientnet_b1-c27df63c.pth
efficientnet_b2 IMAGENET1K_V1 * 288 1000 37 efficientnet_b2_rwightman-c35c1473.pth
efficientnet_b3 IMAGENET1K_V1 * 300 1000 49 efficientnet_b3_rwightman-b3899882.pth
efficientnet_b4 IMAGENET1K_V1 * 380 1000 78 efficientnet_b4_rwightman-23ab8bcd.pth
efficientnet_b5 IMAGENET1K_V1 * 456 1000 123 efficientnet_b5_lukemelas-1a07897c.pth
efficientnet_b6 IMAGENET1K_V1 * 528 1000 173 efficientnet_b6_lukemelas-24a108a5.pth
efficientnet_b7 IMAGENET1K_V1 * 600 1000 267 efficientnet_b7_lukemelas-c5b4e57e.pth
efficientnet_v2_l IMAGENET1K_V1 * 480 1000 477 efficientnet_v2_l-59c71312.pth
efficientnet_v2_m IMAGENET1K_V1 * 480 1000 218 efficientnet_v2_m-dc08266a.pth
efficientnet_v2_s IMAGENET1K_V1 * 384 1000 87 efficientnet_v2_s-dd5fe13b.pth
googlenet IMAGENET1K_V1 * 224 1000 52 googlenet-1378be20.pth
inception_v3 IMAGENET1K_V1 * 299 1000 109 inception_v3_google-0cc3c7bd.pth
maxvit_t IMAGENET1K_V1 * 224 1000 125 maxvit_t-bc5ab103.pth
mnasnet0_5 IMAGENET1K_V1 * 224 1000 9 mnasnet0.5_top1_67.823-3ffadce67e.pth
mnasnet0_75 IMAGENET1K_V1 * 224 1000 13 mnasnet0_75-7090bc5f.pth
mnasnet1_0 IMAGENET1K_V1 * 224 1000 18 mnasnet1.0_top1_73.512-f206786ef8.pth
mnasnet1_3 IMAGENET1K_V1 * 224 1000 25 mnasnet1_3-a4c69d6f.pth
mobilenet_v2 IMAGENET1K_V1 - 224 1000 14 mobilenet_v2-b0353104.pth
mobilenet_v2 IMAGENET1K_V2 * 224 1000 14 mobilenet_v2-7ebf99e0.pth
mobilenet_v3_large IMAGENET1K_V1 - 224 1000 22 mobilenet_v3_large-8738ca79.pth
mobilenet_v3_large IMAGENET1K_V2 * 224 1000 22 mobilenet_v3_large-5c1a4163.pth
mobilenet_v3_small IMAGENET1K_V1 * 224 1000 10 mobilenet_v3_small-047dcff4.pth
regnet_x_16gf IMAGENET1K_V1 - 224 1000 218 regnet_x_16gf-2007eb11.pth
regnet_x_16gf IMAGENET1K_V2 * 224 1000 218 regnet_x_16gf-ba3796d7.pth
regnet_x_1_6gf IMAGENET1K_V1 - 224 1000 37 regnet_x_1_6gf-e3633e7f.pth
regnet_x_1_6gf IMAGENET1K_V2 * 224 1000 37 regnet_x_1_6gf-a12f2b72.pth
regnet_x_32gf IMAGENET1K_V1 - 224 1000 432 regnet_x_32gf-9d47f8d0.pth
regnet_x_32gf IMAGENET1K_V2 * 224 1000 432 regnet_x_32gf-6eb8fdc6.pth
regnet_x_3_2gf IMAGENET1K_V1 - 224 1000 62 regnet_x_3_2gf-f342aeae.pth
regnet_x_3_2gf IMAGENET1K_V2 * 224 1000 62 regnet_x_3_2gf-7071aa85.pth
regnet_x_400mf IMAGENET1K_V1 - 224 1000 22 regnet_x_400mf-adf1edd5.pth
regnet_x_400mf IMAGENET1K_V2 * 224 1000 22 regnet_x_400mf-62229a5f.pth
regnet_x_800mf IMAGENET1K_V1 - 224 1000 29 regnet_x_800mf-ad17e45c.pth
regnet_x_800mf IMAGENET1K_V2 * 224 1000 29 regnet_x_800mf-94a99ebd.pth
regnet_x_8gf IMAGENET1K_V1 - 224 1000 159 regnet_x_8gf-03ceed89.pth
regnet_x_8gf IMAGENET1K_V2 * 224 1000 159 regnet_x_8gf-2b70d774.pth
regnet_y_128gf IMAGENET1K_SWAG_E2E_V1 * 384 1000 2581 regnet_y_128gf_swag-c8ce3e52.pth
regnet_y_128gf IMAGENET1K_SWAG_LINEAR_V1 - 224 1000 2581 regnet_y_128gf_lc_swag-cbe8ce12.pth
regnet_y_16gf IMAGENET1K_V1 - 224 1000 335 regnet_y_16gf-9e6ed7dd.pth
regnet_y_16gf IMAGENET1K_V2 * 224 1000 335 regnet_y_16gf-3e4a00f9.pth
regnet_y_16gf IMAGENET1K_SWAG_E2E_V1 - 384 1000 335 regnet_y_16gf_swag-43afe44d.pth
regnet_y_16gf IMAGENET1K_SWAG_LINEAR_V1 - 224 1000 335 regnet_y_16gf_lc_swag-f3ec0043.pth
regnet_y_1_6gf IMAGENET1K_V1 - 224 1000 45 regnet_y_1_6gf-b11a554e.pth
regnet_y_1_6gf IMAGENET1K_V2 * 224 1000 45 regnet_y_1_6gf-0d7bc02a.pth
regnet_y_32gf IMAGENET1K_V1 - 224 1000 581 regnet_y_32gf-4dee3f7a.pth
regnet_y_32gf IMAGENET1K_V2 * 224 1000 581 regnet_y_32gf-8db6d4b5.pth
regnet_y_32gf IMAGENET1K_SWAG_E2E_V1 - 384 1000 581 regnet_y_32gf_swag-04fdfa75.pth
regnet_y_32gf IMAGENET1K_SWAG_LINEAR_V1 - 224 1000 581 regnet_y_32gf_lc_swag-e1583746.pth
regnet_y_3_2gf IMAGENET1K_V1 - 224 1000 78 regnet_y_3_2gf-b5a9779c.pth
regnet_y_3_2gf IMAGENET1K_V2 * 224 1000 78 regnet_y_3_2gf-9180c971.pth
regnet_y_400mf IMAGENET1K_V1 - 224 1000 18 regnet_y_400mf-c65dace8.pth
regnet_y_400mf IMAGENET1K_V2 * 224 1000 18 regnet_y_400mf-e6988f5f.pth
regnet_y_800mf IMAGENET1K_V1 - 224 1000 26 regnet_y_800mf-1b27b58c.pth
regnet_y_800mf IMAGENET1K_V2 * 224 1000 26 regnet_y_800mf-58fc7688.pth
regnet_y_8gf IMAGENET1K_V1 - 224 1000 158 regnet_y_8gf-d0d0e4a8.pth
regnet_y_8gf IMAGENET1K_V2 * 224 1000 158 regnet_y_8gf-dc2b1b54.pth
resnet101 IMAGENET1K_V1 - 224 1000 179 resnet101-63fe2227.pth
resnet101 IMAGENET1K_V2 * 224 1000 179 resnet101-cd907fc2.pth
resnet152 IMAGENET1K_V1 - 224 1000 242 resnet152-394f9c45.pth
resnet152 IMAGENET1K_V2 * 224 1000 242 resnet152-f82ba261.pth
resnet18 IMAGENET1K_V1 * 224 1000 47 resnet18-f37072fd.pth
resnet34 IMAGENET1K_V1 * 224 1000 87 resnet34-b627a593.pth
resnet50 IMAGENET1K_V1 - 224 1000 103 resnet50-0676ba61.pth
resnet50 IMAGENET1K_V2 * 224 1000 103 resnet50-11ad3fa6.pth
resnext101_32x8d IMAGENET1K_V1 - 224 1000 356 resnext101_32x8d-8ba56ff5.pth
resnext101_32x8d IMAGENET1K_V2 * 224 1000 356 resnext101_32x8d-110c445d.pth
resnext101_64x4d IMAGENET1K_V1 * 224 1000 335 resnext101_64x4d-173b62eb.pth
resnext50_32x4d IMAGENET1K_V1 - 224 1000 100 resnext50_32x4d-7cdf4587.pth
resnext50_32x4d IMAGENET1K_V2 * 224 1000 100 resnext50_32x4d-1a0047aa.pth
shufflenet_v2_x0_5 IMAGENET1K_V1 * 224 1000 6 shufflenetv2_x0.5-f707e7126e.pth
shufflenet_v2_x1_0 IMAGENET1K_V1 * 224 1000 9 shufflenetv2_x1-5666bf0f80.pth
shufflenet_v2_x1_5 IMAGENET1K_V1 * 224 1000 14 shufflenetv2_x1_5-3c479a10.pth
shufflenet_v2_x2_0 IMAGENET1K_V1 * 224 1000 30 shufflenetv2_x2_0-8be3c8ee.pth
squeezenet1_0 IMAGENET1K_V1 * 224 1000 5 squeezenet1_0-b66bff10.pth
squeezenet1_1 IMAGENET1K_V1 * 224 1000 5 squeezenet1_1-b8a52dc0.pth
swin_b IMAGENET1K_V1 * 224 1000 352 swin_b-68c6b09e.pth
swin_s IMAGENET1K_V1 * 224 1000 199 swin_s-5e29d889.pth
swin_t IMAGENET1K_V1 * 224 1000 113 swin_t-704ceda3.pth
swin_v2_b IMAGENET1K_V1 * 256 1000 353 swin_v2_b-781e5279.pth
swin_v2_s IMAGENET1K_V1 * 256 1000 200 swin_v2_s-637d8ceb.pth
swin_v2_t IMAGENET1K_V1 * 256 1000 114 swin_v2_t-b137f0e2.pth
vgg11 IMAGENET1K_V1 * 224 1000 531 vgg11-8a719046.pth
vgg11_bn IMAGENET1K_V1 * 224 1000 532 vgg11_bn-6002323d.pth
vgg13 IMAGENET1K_V1 * 224 1000 532 vgg13-19584684.pth
vgg13_bn IMAGENET1K_V1 * 224 1000 532 vgg13_bn-abd245e5.pth
vgg16 IMAGENET1K_V1 * 224 1000 553 vgg16-397923af.pth
vgg16_bn IMAGENET1K_V1 * 224 1000 554 vgg16_bn-6c64b313.pth
vgg19 IMAGENET1K_V1 * 224 1000 575 vgg19-dcbb9e9d.pth
vgg19_bn IMAGENET1K_V1 * 224 1000 575 vgg19_bn-c79401a0.pth
vit_b_16 IMAGENET1K_V1 * 224 1000 346 vit_b_16-c867db91.pth
vit_b_16 IMAGENET1K_SWAG_E2E_V1 - 384 1000 347 vit_b_16_swag-9ac1b537.pth
vit_b_16 IMAGENET1K_SWAG_LINEAR_V1 - 224 1000 346 vit_b_16_lc_swag-4e70ced5.pth
vit_b_32 IMAGENET1K_V1 * 224 1000 353 vit_b_32-d86f8d99.pth
vit_h_14 IMAGENET1K_SWAG_E2E_V1 * 518 1000 2534 vit_h_14_swag-80465313.pth
vit_h_14 IMAGENET1K_SWAG_LINEAR_V1 - 224 1000 2528 vit_h_14_lc_swag-c1eb923e.pth
vit_l_16 IMAGENET1K_V1 * 224 1000 1217 vit_l_16-852ce7e3.pth
vit_l_16 IMAGENET1K_SWAG_E2E_V1 - 512 1000 1221 vit_l_16_swag-4f3808c9.pth
vit_l_16 IMAGENET1K_SWAG_LINEAR_V1 - 224 1000 1217 vit_l_16_lc_swag-4d563306.pth
vit_l_32 IMAGENET1K_V1 * 224 1000 1226 vit_l_32-c7638314.pth
wide_resnet101_2 IMAGENET1K_V1 - 224 1000 255 wide_resnet101_2-32ee1156.pth
wide_resnet101_2 IMAGENET1K_V2 * 224 1000 508 wide_resnet101_2-d733dc28.pth
wide_resnet50_2 IMAGENET1K_V1 - 224 1000 138 wide_resnet50_2-95faca4d.pth
wide_resnet50_2 IMAGENET1K_V2 * 224 1000 276 wide_resnet50_2-9ba9bcbe.pth
"""
