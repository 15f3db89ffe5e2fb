using System;
using System.Linq;
using System.Text;
using Starling.Core.Images;
using Starling.Core.Primitives;

namespace Starling.Tests.Core.Images;

public sealed class ImageJsonTests
{
    private static readonly string Digest = $"sha256:{new string('a', 64)}";

    [Fact]
    public void Of_an_index_what_is_no_image_is_left_out()
    {
        string image = """{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"@","size":5,"platform":{"os":"linux","architecture":"amd64"}}""".Replace("@", Digest, StringComparison.Ordinal);
        string note = image.Replace("\"size\"", "\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"},\"size\"", StringComparison.Ordinal);
        string artefact = image.Replace("\"size\"", "\"artifactType\":\"application/x\",\"size\"", StringComparison.Ordinal);
        string other = image.Replace("manifest.v1", "helm.v1", StringComparison.Ordinal);
        Assert.True(ImageJson.TryReadIndex(Utf8($$"""{"manifests":[{{note}},{{image}},{{artefact}},{{other}}]}"""), "x", out ImageIndex? index, out _));
        ImageDescriptor only = Assert.Single(index.Manifests);
        Assert.Equal(new ImagePlatform("linux", "amd64"), only.Platform);
        Assert.Equal(only, index.Choose("x64", out _));
        Assert.Null(index.Choose("arm64", out Problem? problem));
        Assert.Contains("it is for linux/amd64, and this machine is linux/arm64", problem!.Reason, StringComparison.Ordinal);
        Assert.False(ImageJson.TryReadIndex(Utf8($$"""{"manifests":[{{note}}]}"""), "x", out _, out _));
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "map")]
    [InlineData("{}", "os is missing")]
    [InlineData("{\"os\":\"linux\",\"os\":\"linux\"}", "os")]
    [InlineData("{\"os\":1}", "text")]
    [InlineData("{\"os\":\"\\ud800\"}", "")]
    [InlineData("{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"sha512:00\"]}}", "sha256")]
    [InlineData("{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[]},\"config\":{\"Env\":[\"=x\"]}}", "NAME=VALUE")]
    [InlineData("{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[]},\"config\":{\"WorkingDir\":\"/a/../..\"}}", "walks up")]
    [InlineData("{\"os\":\"linux\",\"architecture\":\"a\\u0000\",\"rootfs\":{\"diff_ids\":[]}}", "zero byte")]
    public void What_is_wrong_with_a_configuration_is_told(string json, string reason)
    {
        Assert.False(ImageJson.TryReadConfig(Utf8(json), "the configuration", out _, out Problem? problem));
        Assert.Equal(ImageProblem.Code, problem.Code);
        Assert.StartsWith("image: the configuration: ", problem.Reason, StringComparison.Ordinal);
        Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Documents_are_bounded()
    {
        Assert.Contains($"{ImageLimits.MaxDocumentBytes}", Refusal(new string(' ', ImageLimits.MaxDocumentBytes + 1)), StringComparison.Ordinal);
        Assert.Contains($"{ImageLimits.MaxLayers}", Refusal($"{{\"layers\":[{string.Join(',', Enumerable.Repeat("1", ImageLimits.MaxLayers + 1))}]}}"), StringComparison.Ordinal);
        Assert.Contains("depth", Refusal(new string('[', ImageLimits.MaxDocumentDepth + 1)), StringComparison.Ordinal);
        Assert.False(ImageJson.TryReadIndex(Utf8($"{{\"manifests\":[{string.Join(',', Enumerable.Repeat("1", ImageLimits.MaxManifests + 1))}]}}"), "x", out _, out Problem? problem));
        Assert.Contains($"{ImageLimits.MaxManifests}", problem.Reason, StringComparison.Ordinal);
        string variables = string.Join(',', Enumerable.Repeat("\"A=1\"", ImageLimits.MaxVariables + 1));
        Assert.False(ImageJson.TryReadConfig(Config($"\"Env\":[{variables}]"), "x", out _, out problem));
        Assert.Contains($"{ImageLimits.MaxVariables}", problem.Reason, StringComparison.Ordinal);
        Assert.False(ImageJson.TryReadConfig(Config($"\"Env\":[\"A={new string('x', ImageLimits.MaxTextBytes)}\"]"), "x", out _, out problem));
        Assert.Contains($"{ImageLimits.MaxTextBytes}", problem.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sha256:", false)]
    [InlineData("SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("sha256:Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true)]
    public void A_digest_has_one_form(string text, bool isRight)
    {
        Assert.Equal(isRight, ImageDigest.TryParse(text, out ImageDigest digest));
        Assert.True(!isRight || digest.ToString() == text);
    }

    private static byte[] Config(string settings) => Utf8("""{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]},"config":{@}}""".Replace("@", settings, StringComparison.Ordinal));

    private static string Refusal(string json)
    {
        Assert.False(ImageJson.TryReadManifest(Utf8(json), "x", out _, out Problem? problem));
        return problem.Reason;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
