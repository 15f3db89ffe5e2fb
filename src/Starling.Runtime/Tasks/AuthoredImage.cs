using System.Collections.Generic;
using System.IO;
using Starling.Core.Images;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Containers;
using Starling.Runtime.Torrents;

namespace Starling.Runtime.Tasks;

/// <summary>
/// The image of a container task as its author names it: an input or the path of an archive, which becomes one. Its digest is read from it, and for which machines it is: others then know before they fetch it.
/// </summary>
internal static class AuthoredImage
{
    /// <summary>Names input and digest in the run.</summary>
    /// <param name="inputs">The inputs so far; the image joins them if it is none of them.</param>
    /// <param name="draft">What the author wrote.</param>
    /// <param name="fetch">Gets what a magnet link names.</param>
    /// <param name="container">The run as it was written.</param>
    /// <param name="run">The run as the task has it.</param>
    /// <param name="needs">What the author wrote, then what the task needs.</param>
    public static Problem? AddTo(List<AuthoredInput> inputs, TaskDraft draft, FetchMetadata? fetch, RunSpec.Container container, out RunSpec run, ref NeedsSpec needs)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(container.Input));
        run = container with { Input = name };
        AuthoredInput? image = inputs.Find(input => input.Spec.Name == name);
        if (image is null)
        {
            if (!AuthoredInput.TryRead(container.Input, draft, fetch, out image, out Problem? problem))
            {
                return problem;
            }

            name = image.Spec.Name;
            inputs.Add(image);
        }

        if (image.Here is not { } here)
        {
            run = container with { Input = name };
            return container.Digest is not null ? null : new Problem(
                TaskInfoValidator.ProblemCode, "run.digest: is missing, and the image is a torrent whose data is not read", "Add digest: with what 'podman image inspect' calls the image's Id, after sha256:.");
        }

        if (!ImageArchive.TryReadFacts(here.Path, out ImageDigest digest, out ImagePlatform? platform, out Problem? broken))
        {
            return broken with { Code = TaskInfoValidator.ProblemCode, Reason = $"run.container: {broken.Reason}" };
        }

        run = container with { Input = name, Digest = digest };
        if (container.Digest is { } wanted && wanted != digest)
        {
            return new Problem(TaskInfoValidator.ProblemCode, $"run.digest: the archive holds {digest}", "Leave digest out, or give the image that it names.");
        }

        if (platform is null)
        {
            return null;
        }

        string arch = ImagePlatform.ArchOf(platform.Architecture);
        if ((needs.Os is { } os && os != platform.Os) || (needs.Arch is { } written && written != arch))
        {
            return new Problem(TaskInfoValidator.ProblemCode, $"needs.arch: the image is for {platform}", "Leave os and arch out: they are read from the image.");
        }

        needs = needs with { Os = platform.Os, Arch = arch };
        return null;
    }
}
