using Starling.Core.Primitives;

namespace Starling.Core.Images;

/// <summary>What can be wrong with an image, in the words that its author or a machine's owner can act on.</summary>
public static class ImageProblem
{
    /// <summary>Code of the problems of an image.</summary>
    public const string Code = "image";

    private const string MakeAgain = "Make the archive again with 'podman save' or 'docker save'.";

    /// <summary>Something in the archive is broken.</summary>
    public static Problem Broken(string where, string reason) => new(Code, $"image: {where}: {reason}", MakeAgain);

    /// <summary>Something goes beyond a bound.</summary>
    public static Problem Beyond(string where, string reason) => new(Code, $"image: {where}: {reason}", "Make a smaller image.");

    /// <summary>It was made for other machines.</summary>
    public static Problem OtherPlatform(string platforms, string arch) => new(
        Code, $"image: it is for {platforms}, and this machine is linux/{(arch == "x64" ? "amd64" : arch)}",
        "Make the image for this platform too ('podman build --platform'), or leave the task to machines that it fits.");

    /// <summary>The archive holds another image than the task names.</summary>
    public static Problem Another(ImageDigest held, ImageDigest named) => new(
        Code, $"image: the archive holds {held}, and the task names {named}", "The task file and its input do not belong together: ask the task's author.");

    /// <summary>A layer or the archive is packed in a way that is not understood here.</summary>
    public static Problem Packing(string where, string packing) => new(
        Code, $"image: {where} is packed with {packing}, which this program does not unpack",
        "Unpack it first, or make the archive with gzip or plain: 'podman save --format docker-archive' does.");
}
