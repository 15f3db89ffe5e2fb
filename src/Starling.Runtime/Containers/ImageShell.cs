using System.IO;
using Starling.Core.Images;
using Starling.Core.Primitives;

namespace Starling.Runtime.Containers;

/// <summary>Looks whether commands can start in an image at all, before the first does.</summary>
internal static class ImageShell
{
    /// <summary>What commands are given to.</summary>
    public const string Path = "/bin/sh";

    private const int MaxInterpreters = 4;

    /// <summary>Why no command can start; null: the shell is there, is for this processor, and so is what loads it.</summary>
    public static Problem? Missing(RootTree root, string arch)
    {
        string program = Path;
        for (int i = 0; i < MaxInterpreters; i++)
        {
            if (root.FindFile(program) is not { } file)
            {
                return program == Path
                    ? new Problem(ImageProblem.Code, $"image: it has no {Path}, which the task's command is given to", "Put a shell into the image, such as busybox.")
                    : new Problem(ImageProblem.Code, $"image: {Path} needs {Core.Tasks.SafePath.Quoted(program)}, which is not in the image", "Put it into the image, or a shell that is linked statically.");
            }

            if (ElfProgram.Read(Head(file)) is not { } told)
            {
                return new Problem(ImageProblem.Code, $"image: {Core.Tasks.SafePath.Quoted(program)} is no program that Linux runs", "Make the image again.");
            }

            if (told.Arch is not null && told.Arch != arch)
            {
                return new Problem(ImageProblem.Code, $"image: {Core.Tasks.SafePath.Quoted(program)} is a program for {told.Arch}, and this machine is {arch}", "Make the image for this platform.");
            }

            if (told.Interpreter is not { } next)
            {
                return null;
            }

            program = next;
        }

        return new Problem(ImageProblem.Code, $"image: {Path} is loaded by a program that is loaded by another, and so on", "Make the image again.");
    }

    private static byte[] Head(string path)
    {
        using FileStream file = File.OpenRead(path);
        var head = new byte[System.Math.Min(file.Length, ImageLimits.ProgramHeadBytes)];
        file.ReadExactly(head);
        return head;
    }
}
