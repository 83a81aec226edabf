/** Where the pictures of photos are. */

/** The address of a photo's thumbnail. */
export function thumbnailUrl(id, side = 320) {
  return `/api/photos/${id}/thumbnail?side=${side}`;
}

/** The address of a photo, upright and of bounded size. */
export function imageUrl(id, side = 1600) {
  return `/api/photos/${id}/image?side=${side}`;
}
